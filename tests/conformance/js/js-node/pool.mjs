// `pool`: a `Keyed` with a throttle for each host, and one for all of them. They have slots alone.

import { NotApplicable, Unsupported } from './refusals.mjs';
import { number } from './times.mjs';
import { limited, options } from './words.mjs';

export class PoolGate {
  keepsTime = true;
  #keyed;
  #total;
  #limit;
  #hosts = new Set();

  constructor({ Keyed, Throttle }, { limit, limit_per_host, max_waiting }) {
    if (max_waiting !== undefined) throw new NotApplicable('`Keyed` has no bound for all who wait in it');
    this.#limit = number(limit);
    if (this.#limit !== 0) this.#total = new Throttle({ concurrency: this.#limit });
    const perHost = { concurrency: number(limit_per_host) };
    this.#keyed = new Keyed(() => new Throttle(perHost), this.#total && { total: this.#total });
  }

  /** One for each throttle, and one for each who has a limit and waits for another of the same host. */
  mostAlarms(waiting) {
    return this.#hosts.size + 1 + limited(waiting);
  }

  acquire(ask) {
    return this.#keyed.acquire(this.#host(ask), options(ask));
  }

  run(fn, ask) {
    return this.#keyed.run(this.#host(ask), fn, options(ask));
  }

  /** Those who name no host share one. */
  #host({ host = '', via }) {
    if (via === 'consume') throw new Unsupported('be consumed from');
    this.#hosts.add(host);
    return host;
  }

  /** Both gates of a host can be asked. */
  locked(host = '') {
    const gates = [this.#keyed.get(host), ...(this.#total ? [this.#total] : [])];
    return !gates.every((gate) => gate.check().ready);
  }

  probe({ what, host }) {
    switch (what) {
      case 'locked':
        return this.locked(host);
      case 'value':
        if (this.#total === undefined) throw new Unsupported('count slots, having none');
        return Math.max(0, this.#limit - this.#total.inFlight);
      case 'in_flight':
        // A host counts those who are let in by it and wait for the rest.
        return this.#total?.inFlight ?? [...this.#hosts].reduce((sum, host) => sum + this.#keyed.get(host).inFlight, 0);
      case 'waiting':
      case 'try_acquire':
      case 'closed':
        throw new NotApplicable(`\`Keyed\` has no word for ${what}`);
      default:
        throw new Unsupported(`be asked for its ${what}`);
    }
  }

  obey(step) {
    if (['pause', 'resume', 'close'].includes(step.do)) throw new NotApplicable(`\`Keyed\` has no word for ${step.do}`);
    throw new Unsupported(step.do);
  }
}
