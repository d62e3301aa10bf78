const now = Promise.resolve();

/** Calls something when the current code is done: a microtask, whoever may have replaced `queueMicrotask`. */
export function soon(call: () => void): void {
  void now.then(call);
}
