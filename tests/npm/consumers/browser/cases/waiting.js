// How one who waits gives up, and what that means to the others.

import { check, errorOf, MICROSECOND, rest, same } from "../check.js";

export async function anAbortedSignalIsNotWaitedFor({ Throttle }) {
  const gate = new Throttle({ concurrency: 1 });
  const reason = new Error("before");
  check((await errorOf(gate.acquire({ signal: AbortSignal.abort(reason) }))) === reason, "the signal's reason");
  same([gate.inFlight, gate.waiting], [0, 0], "nothing taken");
}

export async function whoAbortsLetsTheNextIn({ Throttle, Semaphore }) {
  const throttle = new Throttle({ capacity: 10, period: 60_000 });
  for (const gate of [throttle, new Semaphore(10)]) {
    const held = await gate.acquire({ cost: 5 });
    const controller = new AbortController();
    const large = gate.acquire({ cost: 8, signal: controller.signal });
    const small = gate.acquire({ cost: 2 });
    await rest(10);
    same(gate.waiting, 2, "the small one does not overtake");
    check(gate.tryAcquire() === undefined, "nor does one who only tries");
    controller.abort();
    check((await errorOf(large)).name === "AbortError", "the default reason");
    (await small).release();
    held.release();
    same([gate.inFlight, gate.waiting], [0, 0], "nobody is left");
  }
}

export async function oneSignalForMany({ Throttle }) {
  const gate = new Throttle({ concurrency: 1 });
  const held = await gate.acquire();
  const controller = new AbortController();
  let called = 0;
  const calls = Array.from({ length: 100 }, () => errorOf(gate.run(() => called++, { signal: controller.signal })));
  const last = gate.run(() => "last");
  controller.abort("all of you");
  same(new Set(await Promise.all(calls)).size, 1, "all reject with the same");
  held.release();
  same([await last, called], ["last", 0], "none of them is called");
}

export async function timeouts({ Throttle, Semaphore, TimeoutError }) {
  for (const gate of [new Throttle({ concurrency: 1 }), new Throttle({ capacity: 1, period: 60_000 }), new Semaphore(1)]) {
    await gate.acquire();
    const start = performance.now();
    const patient = gate.acquire({ timeout: 60 });
    const hasty = gate.acquire({ timeout: 30 });
    const error = await errorOf(hasty);
    const took = performance.now() - start;
    check(error instanceof TimeoutError && error.code === "timeout" && error.name === "TimeoutError", `${error}`);
    check(took >= 30 - MICROSECOND && took < 2000, `30 ms took ${took}`);
    await errorOf(patient);
    check(performance.now() - start >= 60 - MICROSECOND, "60 ms took less");
    check((await errorOf(gate.acquire({ timeout: 0 }))) instanceof TimeoutError, "no patience at all");
    same(gate.waiting, 0, "their places are given up");
  }
}

export async function longerThanTimersCanSleep({ Throttle, Semaphore }) {
  for (const gate of [new Throttle({ concurrency: 1 }), new Semaphore(1)]) {
    await gate.acquire();
    const waiting = errorOf(gate.acquire({ timeout: 2 ** 31 + 1000 }));
    await rest(30);
    same([gate.waiting, gate.clear("enough"), await waiting], [1, 1, "enough"], "still there, then cleared");
  }
}

export async function theQueueHasABound({ Throttle, Semaphore, QueueFullError }) {
  for (const gate of [new Throttle({ concurrency: 1, maxWaiting: 1 }), new Semaphore(1, { maxWaiting: 1 })]) {
    const held = await gate.acquire();
    const waiting = gate.acquire();
    check((await errorOf(gate.acquire())) instanceof QueueFullError, "one more is refused");
    held.release();
    (await waiting).release();
  }
}

export async function closing({ Throttle, Semaphore, ClosedError }) {
  for (const make of [() => new Throttle({ concurrency: 1 }), () => new Semaphore(1)]) {
    const gate = make();
    const held = await gate.acquire();
    const waiting = errorOf(gate.acquire());
    let closed = false;
    const closing = gate.close().then(() => (closed = true));
    check((await waiting) instanceof ClosedError, "who waits is rejected");
    check((await errorOf(gate.acquire())) instanceof ClosedError && !closed, "who comes later is, and one is inside");
    held.release();
    await closing;

    const draining = make();
    const first = await draining.acquire();
    const second = draining.run(() => "served");
    const drained = draining.close({ drain: true });
    first.release();
    same(await second, "served", "who waits is served first");
    await drained;
  }
}

export async function manyInOrder({ Throttle }) {
  const gate = new Throttle({ capacity: 1000, period: 20, concurrency: 50 });
  const order = [];
  await Promise.all(Array.from({ length: 5000 }, (_, number) => gate.run(() => order.push(number))));
  check(order.length === 5000 && order.every((number, index) => number === index), "5000, first come, first served");
}
