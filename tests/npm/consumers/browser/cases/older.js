// A browser that does not know `using` yet.

import { check, same } from "../check.js";

export function prepare() {
  const { Symbol } = globalThis;
  // Its own properties cannot be deleted, nor hidden by a proxy of it.
  globalThis.Symbol = new Proxy(() => {}, {
    get: (_, name) => (name === "dispose" || name === "asyncDispose" ? undefined : Symbol[name]),
    apply: (_, __, args) => Symbol(...args),
  });
}

export async function permitsAreGivenBack({ Throttle, Semaphore }) {
  check(Symbol.dispose === undefined && typeof Symbol() === "symbol", "prepared");
  const { held } = await import("../out/using.js");
  for (const gate of [new Throttle({ concurrency: 2 }), new Semaphore(2)]) {
    same(await held(gate), [2, false, false], "held in the block");
    same(gate.inFlight, 0, "given back at its end");
  }
}
