// Leaving the queue: by a signal, or by a timeout.

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { CostError, Semaphore, Throttle, TimeoutError } from "tollgate";
import { fakeClock } from "./clock.mjs";
import { failure, look, settle } from "./helpers.mjs";

/** Gates of which everything is taken, for so long that it does not matter. */
const full = [
  ["semaphore", () => new Semaphore(1)],
  ["throttle of slots", () => new Throttle({ concurrency: 1 })],
  ["throttle of a rate", () => new Throttle({ capacity: 1, period: 1e6 })],
];

for (const [name, make] of full) {
  test(`${name}: an aborted signal gives up the place, with its reason`, async (t) => {
    fakeClock(t);
    const gate = make();
    const permit = await gate.acquire();
    const leaving = new AbortController();
    const { signal } = leaving;
    const calls = [gate.acquire({ signal }), gate.run(() => assert.fail("it was let in"), { signal })].map(look);
    await settle();
    assert.equal(gate.waiting, 2);
    assert.equal(getEventListeners(signal, "abort").length, 1);
    const reason = { any: "thing" };
    leaving.abort(reason);
    assert.equal(gate.waiting, 0);
    await settle();
    for (const call of calls) assert.equal(call.error, reason);
    assert.equal(getEventListeners(signal, "abort").length, 0);
    permit.release();
    assert.equal(gate.inFlight, 0);
  });

  test(`${name}: a timeout gives up the place at its time, and not before`, async (t) => {
    const clock = fakeClock(t);
    const gate = make();
    await gate.acquire();
    const call = look(gate.acquire({ timeout: 50 }));
    await clock.advance(49);
    assert.equal(call.state, "pending");
    await clock.advance(1);
    assert.ok(call.error instanceof TimeoutError);
    assert.equal(gate.waiting, 0);
  });

  test(`${name}: with no time to wait, one who would have to is refused`, async (t) => {
    fakeClock(t);
    const gate = make();
    assert.ok(await gate.acquire({ timeout: 0 }));
    const call = look(gate.acquire({ timeout: 0 }));
    await settle();
    assert.equal(call.error?.code, "timeout");
    assert.equal(gate.waiting, 0);
  });

  test(`${name}: one who has been let in is not concerned by the timeout or the signal any more`, async (t) => {
    const clock = fakeClock(t);
    const gate = make();
    const leaving = new AbortController();
    const permit = await gate.acquire({ timeout: 10, signal: leaving.signal });
    assert.equal(clock.timers, 0);
    assert.equal(getEventListeners(leaving.signal, "abort").length, 0);
    leaving.abort();
    await clock.advance(100);
    assert.equal(gate.inFlight, 1);
    assert.equal(permit.released, false);
    permit.release();
  });
}

for (const [name, make] of full.slice(0, 2)) {
  test(`${name}: one who waited and was let in leaves no timer and no listener`, async (t) => {
    const clock = fakeClock(t);
    const gate = make();
    const permit = await gate.acquire();
    const { signal } = new AbortController();
    const call = gate.acquire({ timeout: 1000, signal });
    assert.equal(clock.timers, 1);
    assert.equal(getEventListeners(signal, "abort").length, 1);
    permit.release();
    assert.equal(clock.timers, 0);
    assert.equal(getEventListeners(signal, "abort").length, 0);
    (await call).release();
  });

  test(`${name}: one who leaves the head lets those behind in who fit`, async (t) => {
    const clock = fakeClock(t);
    const gate = make();
    const permit = await gate.acquire();
    const head = failure(gate.acquire({ timeout: 10 }));
    const leaving = new AbortController();
    const second = failure(gate.acquire({ signal: leaving.signal }));
    const third = look(gate.acquire());
    await clock.advance(10);
    assert.equal((await head).code, "timeout");
    leaving.abort("second");
    assert.equal(await second, "second");
    permit.release();
    await settle();
    assert.equal(third.state, "kept");
  });

  test(`${name}: aborted in the same moment as let in, it is not let in, and its place goes on to the next`, async () => {
    const gate = make();
    const permit = await gate.acquire();
    const leaving = new AbortController();
    const first = look(gate.acquire({ signal: leaving.signal }));
    const second = look(gate.acquire());
    permit.release();
    leaving.abort();
    await settle();
    assert.deepEqual([first.state, second.state], ["broken", "kept"]);
    assert.equal(first.error.name, "AbortError");
    second.value.release();
    assert.deepEqual([gate.waiting, gate.inFlight], [0, 0]);
  });
}

test("the heavy head of a semaphore times out, and what it kept others from is theirs at once", async (t) => {
  const clock = fakeClock(t);
  const gate = new Semaphore(2);
  await gate.acquire();
  const heavy = failure(gate.acquire({ cost: 2, timeout: 25 }));
  const light = look(gate.acquire());
  await clock.advance(24);
  assert.equal(light.state, "pending");
  await clock.advance(1);
  assert.equal(light.state, "kept");
  assert.ok((await heavy) instanceof TimeoutError);
});

test("a signal that is aborted already takes no place, though there is room", async () => {
  const gate = new Semaphore(1);
  const signal = AbortSignal.abort("before");
  assert.equal(await failure(gate.acquire({ signal })), "before");
  assert.equal(await failure(gate.run(() => assert.fail("it was called"), { signal })), "before");
  assert.equal(gate.available, 1);
});

test("without a reason of its own a signal rejects with an AbortError", async () => {
  const gate = new Semaphore(0);
  const leaving = new AbortController();
  const call = failure(gate.acquire({ signal: leaving.signal }));
  leaving.abort();
  assert.equal((await call).name, "AbortError");
});

test("a thousand who share a signal leave together, and nobody of them is let in on the way", async () => {
  const gate = new Semaphore(1);
  const permit = await gate.acquire();
  const leaving = new AbortController();
  const { signal } = leaving;
  const calls = [];
  for (let number = 0; number < 1000; number++) calls.push(look(gate.acquire({ signal })));
  // A heavy one first: when it leaves, those behind it would fit.
  const other = new Semaphore(2);
  await other.acquire();
  calls.push(look(other.acquire({ cost: 2, signal })));
  for (let number = 0; number < 10; number++) calls.push(look(other.run(() => assert.fail("let in"), { signal })));
  assert.equal(getEventListeners(signal, "abort").length, 1);
  leaving.abort("all");
  await settle();
  assert.ok(calls.every(({ error }) => error === "all"));
  assert.deepEqual([gate.waiting, other.waiting, other.inFlight], [0, 0, 1]);
  permit.release();
});

test("both a timeout and a signal: whichever is first", async (t) => {
  const clock = fakeClock(t);
  const gate = new Semaphore(0);
  const leaving = new AbortController();
  const { signal } = leaving;
  const [short, long] = [look(gate.acquire({ timeout: 10, signal })), look(gate.acquire({ timeout: 20, signal }))];
  await clock.advance(10);
  leaving.abort("signal");
  await clock.advance(100);
  assert.equal(short.error.code, "timeout");
  assert.equal(long.error, "signal");
  assert.equal(clock.timers, 0);
});

test("a throttle has one timer, however many wait and whatever their timeouts", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 10, period: 100 });
  const calls = Array.from({ length: 200 }, (_, number) => look(gate.acquire({ timeout: 1 + ((number * 37) % 3000) })));
  assert.equal(clock.timers, 1);
  await clock.advance(150);
  assert.equal(clock.timers, 1);
  await clock.advance(10_000);
  assert.ok(calls.every(({ state, error }) => state === "kept" || error?.code === "timeout"));
  assert.equal(clock.timers, 0);
  assert.equal(gate.waiting, 0);
});

test("a throttle refuses at once what can never be admitted, and says what can", async () => {
  const gate = new Throttle({ capacity: 5, rates: [{ capacity: 3, pacing: "bucket", burst: 4 }] });
  const error = await failure(gate.acquire({ cost: 4.5 }));
  assert.ok(error instanceof CostError);
  assert.match(error.message, /cost is 4\.5.*at most 4/);
  assert.throws(() => gate.tryAcquire(10), CostError);
  assert.deepEqual(gate.check(10), { ready: false, wait: Infinity });
  assert.ok(gate.tryAcquire(4));
});

test("a full queue of a throttle refuses, and a place that somebody leaves is free again", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 1, maxWaiting: 2 });
  await gate.acquire();
  const first = gate.acquire();
  const second = failure(gate.acquire({ timeout: 5 }));
  assert.equal((await failure(gate.acquire())).code, "queue_full");
  await clock.advance(5);
  await second;
  const third = gate.acquire();
  assert.equal((await failure(gate.acquire())).code, "queue_full");
  await clock.advance(2000);
  assert.ok((await first) && (await third));
});
