// Why something is not done.

/** The API has no words for it. */
export class NotApplicable extends Error {}

/** It makes no sense for the subject. */
export class Unsupported extends Error {
  constructor(what) {
    super(`the subject cannot ${what}`);
  }
}

/** The package's errors, in the words of the format; any other is thrown again. */
export function outcomeOf(error, tollgate) {
  const outcomes = [
    [tollgate.TimeoutError, 'timeout'],
    [tollgate.ClosedError, 'error:closed'],
    [tollgate.QueueFullError, 'error:queue_full'],
    [tollgate.OverReleaseError, 'error:over_release'],
    [tollgate.CostError, 'error:cost_exceeds_capacity'],
    // Not a TypeError, which would hide mistakes of the player: scripts have nothing but numbers.
    [RangeError, 'error:invalid_argument'],
  ];
  const known = outcomes.find(([Kind]) => error instanceof Kind);
  if (known === undefined) throw error;
  return known[1];
}
