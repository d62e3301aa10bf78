// Who is to be told when a signal is aborted. One listener for each signal, however many wait with it, and none
// when nobody does: listeners cost memory, and Node warns of more than ten.

/** Somebody who gives up when a signal is aborted. */
export interface Abortable {
  abort(reason: unknown): void;
}

class Watch {
  readonly #signal: AbortSignal;
  readonly #waiting = new Set<Abortable>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", this);
  }

  add(one: Abortable): void {
    this.#waiting.add(one);
  }

  delete(one: Abortable): void {
    this.#waiting.delete(one);
    if (this.#waiting.size === 0) this.#end();
  }

  handleEvent(): void {
    // Who came last leaves first, so that nobody is let in who is about to leave as well.
    const all = [...this.#waiting].reverse();
    this.#waiting.clear();
    this.#end();
    for (const one of all) one.abort(this.#signal.reason);
  }

  #end(): void {
    watches.delete(this.#signal);
    this.#signal.removeEventListener("abort", this);
  }
}

const watches = new WeakMap<AbortSignal, Watch>();

export function watch(signal: AbortSignal, one: Abortable): void {
  let watch = watches.get(signal);
  if (!watch) watches.set(signal, (watch = new Watch(signal)));
  watch.add(one);
}

export function unwatch(signal: AbortSignal, one: Abortable): void {
  watches.get(signal)?.delete(one);
}
