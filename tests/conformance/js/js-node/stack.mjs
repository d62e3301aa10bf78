// `stack`: several gates, one behind the other.

import { Unsupported } from './refusals.mjs';

export class StackGate {
  /** A time limit is one for all layers, and not theirs to keep. */
  keepsTime = false;
  #layers;

  constructor(layers) {
    this.#layers = layers;
  }

  mostAlarms(waiting) {
    return this.#layers.reduce((sum, { gate }) => sum + gate.mostAlarms(waiting), 0);
  }

  async acquire(ask) {
    const permits = [];
    const release = () => {
      while (permits.length > 0) permits.pop().release();
    };
    try {
      for (const layer of this.#layers) permits.push(await layer.gate.acquire(part(layer, ask)));
    } catch (error) {
      release();
      throw error;
    }
    return { release };
  }

  run(fn, ask) {
    const within = (inner, layer) => async () => layer.gate.run(inner, part(layer, ask));
    return this.#layers.reduceRight(within, fn)();
  }

  locked() {
    return this.#layers.some(({ gate }) => gate.locked());
  }

  probe() {
    throw new Unsupported('say which layer is asked');
  }

  /** Pausing and closing are for every layer that can be paused or closed. */
  obey(step) {
    if (!['pause', 'resume', 'close'].includes(step.do)) throw new Unsupported('say which layer is meant');
    const obeyed = this.#layers.filter(({ gate }) => can(() => gate.obey(step)));
    if (obeyed.length === 0) throw new Unsupported('do so in any layer');
  }
}

/** What one layer is asked for: those that do not weigh count heads. */
function part({ weighs }, { cost, via, host, signal }) {
  return { cost: weighs ? cost : undefined, via, host, signal };
}

function can(act) {
  try {
    act();
    return true;
  } catch (error) {
    if (error instanceof Unsupported) return false;
    throw error;
  }
}
