// What gates do for those whom they let in.

import { held } from "../out/using.js";
import { job } from "../job.mjs";
import { check, errorOf, MICROSECOND, rest, same, shortest } from "../check.js";

export const theJobOfAllConsumers = (tollgate) => job(tollgate, { api: `${location.origin}/api`, say() {} });

export async function permitsAreGivenBackOnce({ Throttle, Semaphore }) {
  for (const gate of [new Throttle({ concurrency: 2 }), new Semaphore(2)]) {
    same(await held(gate), [2, false, false], "held in the block");
    same(gate.inFlight, 0, "given back at its end");
    const permit = gate.tryAcquire();
    same([permit.release(), permit.release(), permit.released, gate.inFlight], [true, false, true, 0], "once only");
  }
}

export async function whatThrowsGivesBack({ Throttle }) {
  const gate = new Throttle({ concurrency: 1 });
  const thrown = new Error("at once");
  check((await errorOf(gate.run(() => { throw thrown; }))) === thrown, "thrown");
  check((await errorOf(gate.run(() => Promise.reject(thrown)))) === thrown, "rejected");
  same(gate.inFlight, 0, "given back");
}

export async function pausing({ Throttle }) {
  const gate = new Throttle({ capacity: 100 });
  gate.pause(60);
  const start = performance.now();
  const { ready, wait } = gate.check();
  check(!ready && wait > 0 && wait <= 60 && gate.paused, `check says ${ready} and ${wait}`);
  await gate.run(() => {});
  check(performance.now() - start >= 60 - MICROSECOND && !gate.paused, "a call waits for the end of the pause");
  gate.pause(Infinity);
  const waiting = gate.run(() => "resumed");
  gate.resume();
  same(await waiting, "resumed", "or for the word");
}

export async function updating({ Throttle }) {
  const gate = new Throttle({ concurrency: 1 });
  const permits = Array.from({ length: 3 }, () => gate.acquire());
  await permits[0];
  same([gate.inFlight, gate.waiting], [1, 2], "before");
  gate.update({ concurrency: 3 });
  same([gate.inFlight, gate.waiting], [3, 0], "after");
  await Promise.all(permits);
}

export async function resizing({ Semaphore }) {
  const gate = new Semaphore(0);
  const waiting = gate.acquire({ cost: 2 });
  gate.capacity = 3;
  await waiting;
  same([gate.available, gate.locked, gate.inFlight], [1, false, 2], "as many as there are now");
}

export async function slotsRest({ Throttle }) {
  const gate = new Throttle({ concurrency: 1, cooldown: 40 });
  const ends = [];
  const starts = [];
  const call = () => gate.run(async () => {
    starts.push(performance.now());
    await rest(1);
    ends.push(performance.now());
  });
  await Promise.all([call(), call(), call()]);
  const gaps = starts.slice(1).map((start, index) => start - ends[index]);
  check(Math.min(...gaps) >= 40 - MICROSECOND, `rested for ${gaps} ms`);
}

export async function pacings({ Throttle }) {
  for (const [pacing, most] of [["window", 10], ["bucket", 20], ["stepped", 20], ["smooth", 11]]) {
    const gate = new Throttle({ capacity: 10, period: 50, pacing });
    const times = [];
    await Promise.all(Array.from({ length: 30 }, () => gate.run(() => times.push(performance.now()))));
    const least = shortest(times, most);
    check(least >= 50 - MICROSECOND, `${pacing}: ${most + 1} calls within ${least} ms`);
    check(times.at(-1) - times[0] < 3000, `${pacing} took ${times.at(-1) - times[0]} ms`);
  }
}

export async function aCallThatIsHeldUpCountsFromWhenItBegins({ Throttle }) {
  const gate = new Throttle({ capacity: 2, period: 100 });
  const times = [];
  gate.pause(10);
  const calls = Array.from({ length: 6 }, (_, number) => gate.run(() => {
    times.push(performance.now());
    // Let in together with the second, which has to wait for the thread.
    if (number === 0) while (performance.now() < times[0] + 40);
  }));
  await Promise.all(calls);
  const least = shortest(times, 2);
  check(least >= 100 - MICROSECOND, `3 calls within ${least} ms`);
}

export async function severalRates({ Throttle, CostError }) {
  const gate = new Throttle({ rates: [{ capacity: 4, period: 20 }, { capacity: 6, period: 100 }] });
  const times = [];
  await Promise.all(Array.from({ length: 14 }, () => gate.run(() => times.push(performance.now()))));
  check(shortest(times, 4) >= 20 - MICROSECOND, "4 per 20 ms");
  check(shortest(times, 6) >= 100 - MICROSECOND, "6 per 100 ms");
  check((await errorOf(gate.acquire({ cost: 5 }))) instanceof CostError, "more than ever fits");
  same(gate.check(5), { ready: false, wait: null }, "never, Infinity in JSON");
}

export async function wrapping({ Semaphore }) {
  const server = {
    name: "here",
    call: new Semaphore(1).wrap(async function (a, b) {
      return [this.name, a, b];
    }),
  };
  same(await server.call(1, 2), ["here", 1, 2], "this and the arguments");
}

export async function mapping({ Semaphore }) {
  const gate = new Semaphore(2);
  let taken = 0;
  let ended = false;
  async function* source() {
    try {
      for (;;) yield taken++;
    } finally {
      ended = true;
    }
  }
  const got = [];
  for await (const number of gate.map(source(), async (number) => (await rest(2), number))) {
    if (got.push(number) === 5) break;
  }
  same(got, [0, 1, 2, 3, 4], "in order");
  check(ended && taken < 12, `the source is closed, and had given ${taken}`);
  const error = new Error("the third");
  let called = 0;
  const failing = gate.map([1, 2, 3, 4, 5, 6, 7, 8, 9], async (number) => {
    called++;
    await rest(1);
    if (number === 3) throw error;
  });
  check((await errorOf(failing)) === error && called < 9, `the first error ends it, after ${called}`);
  await gate.onIdle();
}

export async function keys({ Keyed, Throttle, Semaphore }) {
  const total = new Semaphore(3);
  const hosts = new Keyed(() => new Throttle({ concurrency: 1 }), { total });
  let most = 0;
  const inside = {};
  const call = (host) => hosts.run(host, async () => {
    inside[host] = (inside[host] ?? 0) + 1;
    most = Math.max(most, total.inFlight);
    check(inside[host] === 1, `two at once to ${host}`);
    await rest(2);
    inside[host]--;
  });
  await Promise.all(Array.from({ length: 30 }, (_, number) => call(`host ${number % 5}`)));
  same([most, hosts.size, total.inFlight], [3, 5, 0], "3 at once, 5 hosts, nobody left");
}

export async function overReleases({ BoundedSemaphore, OverReleaseError, TollgateError }) {
  const gate = new BoundedSemaphore(1);
  const error = await errorOf(() => gate.release());
  check(error instanceof OverReleaseError && error instanceof TollgateError && error.code === "over_release", `${error}`);
}
