// Whatever happens, in whatever order: the limits hold, and in the end nothing is left.

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { BoundedSemaphore, Keyed, Semaphore, Throttle } from "tollgate";
import { fakeClock } from "./clock.mjs";
import { look, random, settle, worst } from "./helpers.mjs";

const kinds = {
  semaphore: () => ({ gate: new Semaphore(4), most: 4 }),
  "bounded semaphore": () => ({ gate: new BoundedSemaphore(4), most: 4 }),
  "throttle of slots": () => ({ gate: new Throttle({ concurrency: 4, maxWaiting: 50 }), most: 4 }),
  "throttle of a window": () => ({ gate: new Throttle({ capacity: 6, period: 50 }), most: Infinity, rate: [6, 50] }),
  "throttle of both": () => ({ gate: new Throttle({ capacity: 6, period: 50, concurrency: 4, cooldown: 3, counting: "answered" }), most: 4, rate: [6, 50] }),
  "key with a total": () => {
    const total = new Semaphore(4);
    const keyed = new Keyed(() => new Throttle({ capacity: 6, period: 50 }), { total });
    const gate = {
      acquire: (options) => keyed.acquire("key", options),
      run: (fn, options) => keyed.run("key", fn, options),
      clear: () => keyed.get("key").clear() + total.clear(),
      tryAcquire: () => undefined,
      get waiting() {
        return total.waiting + keyed.get("key").waiting;
      },
      get inFlight() {
        return total.inFlight + keyed.get("key").inFlight;
      },
    };
    return { gate, most: 4, rate: [6, 50], keyed: true };
  },
};

for (const [name, make] of Object.entries(kinds)) {
  test(`${name}: two thousand calls that end in all ways there are`, async (t) => {
    const clock = fakeClock(t);
    const pick = random(name.length);
    const { gate, most, rate, keyed } = make();
    const shared = new AbortController();
    const times = [];
    const signals = [shared.signal];
    const calls = [];
    let inside = 0;
    let peak = 0;

    const enter = (cost) => {
      inside += cost;
      peak = Math.max(peak, inside);
      for (let unit = 0; unit < cost; unit++) times.push(clock.time);
    };
    async function fn(cost) {
      enter(cost);
      try {
        if (pick(2)) await new Promise((resolve) => setTimeout(resolve, pick(20)));
        if (pick(4) === 0) throw new Error("on purpose");
      } finally {
        inside -= cost;
      }
    }
    for (let round = 0; round < 2000; round++) {
      const cost = 1 + pick(3);
      const options = { cost };
      const leaving = new AbortController();
      const how = pick(10);
      if (how < 3) options.timeout = pick(80);
      else if (how < 5) options.signal = leaving.signal;
      else if (how < 6) options.signal = shared.signal;
      if (options.signal === leaving.signal) {
        signals.push(leaving.signal);
        setTimeout(() => leaving.abort(), pick(80));
      }
      if (pick(3)) calls.push(look(gate.run(() => fn(cost), options)));
      else {
        const held = gate.acquire(options).then((permit) => {
          enter(cost);
          setTimeout(() => {
            inside -= cost;
            permit.release();
          }, pick(20));
        });
        calls.push(look(held));
      }
      if (pick(5) === 0 && !keyed) {
        const permit = gate.tryAcquire();
        if (permit) {
          enter(1);
          inside -= 1;
          permit.release();
        }
      }
      if (pick(100) === 0) gate.clear();
      if (pick(4) === 0) await clock.advance(pick(25));
      if (pick(50) === 0) {
        // Those who are let in without a wait count from then: they are to have begun.
        await settle();
        clock.freeze(pick(200));
      }
    }
    await clock.advance(1e6);
    await settle();
    assert.ok(calls.every(({ state }) => state !== "pending"), "somebody still waits");
    assert.ok(calls.filter(({ state }) => state === "kept").length > 100, "hardly anybody was let in");
    assert.deepEqual([gate.waiting, gate.inFlight, inside, clock.timers], [0, 0, 0, 0]);
    for (const signal of signals) assert.equal(getEventListeners(signal, "abort").length, 0);
    if (name !== "throttle of slots" && name !== "throttle of both") assert.ok(peak <= (most === Infinity ? peak : most), `${peak} at once`);
    if (rate) assert.ok(worst(times, rate[1]) <= rate[0], `${worst(times, rate[1])} in a period`);
  });
}
