// A tab in the background: timers ring once a second, all together.

import { check, errorOf, MICROSECOND, rest, shortest } from "../check.js";

const real = globalThis.setTimeout.bind(globalThis);
let visible = false;

export function prepare() {
  globalThis.setTimeout = (fn, ms = 0, ...args) => {
    const at = performance.now() + ms;
    const rung = visible ? at : Math.ceil(at / 1000) * 1000;
    return real(fn, rung - performance.now(), ...args);
  };
}

export async function noBurst({ Throttle }) {
  const start = performance.now();
  const all = [false, true].map((answered) => {
    const gate = new Throttle({ capacity: 20, period: 100, counting: answered ? "answered" : "admission" });
    const times = [];
    const ends = [];
    const call = async () => {
      times.push(performance.now());
      await rest(1);
      ends.push(performance.now());
    };
    const done = Promise.all(Array.from({ length: 100 }, () => gate.run(call)));
    return { answered, gate, times, ends, done };
  });
  await rest(1500);
  for (const { gate, times } of all) check(times.length <= 60 && gate.waiting === 100 - times.length, `${times.length} calls by now`);
  // The user comes back.
  visible = true;
  await Promise.all(all.map(({ done }) => done));
  visible = false;
  const took = performance.now() - start;
  check(took < 5000, `took ${took} ms`);
  for (const { answered, times, ends } of all) {
    const least = shortest(times, 20);
    check(least >= 100 - MICROSECOND, `21 calls within ${least} ms`);
    if (!answered) continue;
    const after = Math.min(...times.slice(20).map((time, index) => time - ends[index]));
    check(after >= 100 - MICROSECOND, `21 calls within ${after} ms of an answer`);
  }
}

export async function whoseTimeIsUpIsNotLetIn({ Throttle, Semaphore, TimeoutError }) {
  const gates = [new Throttle({ capacity: 1, period: 300 }), new Semaphore(1)];
  await Promise.all(gates.map(async (gate) => {
    const permit = await gate.acquire();
    // Told late, but told.
    const error = await errorOf(gate.acquire({ timeout: 50 }));
    check(error instanceof TimeoutError, `${error}`);
    permit.release();
  }));
}
