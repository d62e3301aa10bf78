// Once by the real clock: as seen by the functions that are called, the limit holds in every window.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Throttle } from "tollgate";
import { worst } from "./helpers.mjs";

for (const pacing of ["window", "smooth"]) {
  test(`${pacing}: 500 calls at 50 per 250 ms are never more than 50 in any 250 ms, and take no longer than they must`, async () => {
    const gate = new Throttle({ capacity: 50, period: 250, pacing });
    const times = [];
    await Promise.all(Array.from({ length: 500 }, () => gate.run(() => times.push(performance.now()))));
    assert.equal(times.length, 500);
    assert.ok(worst(times, 250) <= 50, `${worst(times, 250)} in 250 ms`);
    const took = times.at(-1) - times[0];
    assert.ok(took >= 2250 - 5 && took < 2250 * 1.5, `took ${took} ms`);
    assert.deepEqual([gate.waiting, gate.inFlight], [0, 0]);
  });
}

test("a busy thread makes calls late, never too many", async () => {
  const gate = new Throttle({ capacity: 20, period: 50 });
  const times = [];
  const busy = (ms) => {
    for (const end = performance.now() + ms; performance.now() < end; );
  };
  const calls = Array.from({ length: 200 }, (_, number) =>
    gate.run(() => {
      times.push(performance.now());
      if (number % 13 === 0) busy(7);
    }),
  );
  await Promise.all(calls);
  assert.ok(worst(times, 50) <= 20, `${worst(times, 50)} in 50 ms`);
});
