// `semaphore` and `bounded_semaphore`: the classes of these names.

import { Unsupported } from './refusals.mjs';
import { number } from './times.mjs';
import { closed, limited, options, tried } from './words.mjs';

export class SemaphoreGate {
  keepsTime = true;
  #semaphore;

  constructor(tollgate, { kind, value }) {
    const Kind = kind === 'semaphore' ? tollgate.Semaphore : tollgate.BoundedSemaphore;
    this.#semaphore = new Kind(number(value));
  }

  /** It has none, but each of its time limits has. */
  mostAlarms(waiting) {
    return limited(waiting);
  }

  acquire(ask) {
    return this.#semaphore.acquire(this.#options(ask));
  }

  run(fn, ask) {
    return this.#semaphore.run(fn, this.#options(ask));
  }

  #options(ask) {
    if (ask.via === 'consume') throw new Unsupported('be consumed from');
    return options(ask);
  }

  locked() {
    return this.#semaphore.locked;
  }

  probe({ what, arg }) {
    switch (what) {
      case 'locked':
        return this.#semaphore.locked;
      case 'value':
        return this.#semaphore.available;
      case 'waiting':
        return this.#semaphore.waiting;
      case 'try_acquire':
        return tried(() => this.#semaphore.tryAcquire(number(arg)) !== undefined);
      case 'closed':
        return closed(this.#semaphore);
      default:
        throw new Unsupported(`be asked for its ${what}`);
    }
  }

  obey(step) {
    switch (step.do) {
      case 'release':
        return this.#semaphore.release();
      case 'close':
        return void this.#semaphore.close();
      case 'update':
        if (step.value === undefined) throw new Unsupported('change anything but its value');
        this.#semaphore.capacity = number(step.value);
        return;
      default:
        throw new Unsupported(step.do);
    }
  }
}
