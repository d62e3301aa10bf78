// What all gates of the package are told and asked in the same way.

/** Codes of errors. */
const REFUSALS = ['closed', 'cost'];

/** How somebody waits: nothing is mentioned that the script does not mention. */
export function options({ cost, signal, timeout }) {
  return { signal, ...(cost !== undefined && { cost }), ...(timeout !== undefined && { timeout }) };
}

/** Whether something is let in at once. What is refused for good is not, whatever the reason. */
export function tried(attempt) {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof RangeError || REFUSALS.includes(error.code)) return false;
    throw error;
  }
}

/** Whether a gate is closed: it has no other word for that than its refusal. */
export function closed(gate) {
  try {
    gate.tryAcquire(0)?.release();
    return false;
  } catch (error) {
    if (error.code !== 'closed') throw error;
    return true;
  }
}

/** How many of those who wait have a time limit that the package keeps. */
export function limited(waiting) {
  return [...waiting].filter((task) => task.isLimited).length;
}
