// clear, close and onIdle.

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { ClosedError, Semaphore, Throttle, TollgateError } from "tollgate";
import { fakeClock } from "./clock.mjs";
import { failure, look, promised, settle } from "./helpers.mjs";

for (const [name, make] of [
  ["semaphore", () => new Semaphore(1)],
  ["throttle", () => new Throttle({ concurrency: 1, capacity: 1000 })],
]) {
  test(`${name}: clear rejects everybody who waits, and tells how many`, async (t) => {
    const clock = fakeClock(t);
    const gate = make();
    const permit = await gate.acquire();
    const { signal } = new AbortController();
    const calls = [gate.acquire(), gate.acquire({ timeout: 100, signal }), gate.run(assert.fail)].map(failure);
    assert.equal(gate.clear(), 3);
    assert.equal(gate.waiting, 0);
    assert.equal(clock.timers, 0);
    assert.equal(getEventListeners(signal, "abort").length, 0);
    for (const call of calls) {
      const error = await call;
      assert.ok(error instanceof TollgateError);
      assert.equal(error.code, "cleared");
    }
    assert.equal(gate.clear(), 0);
    // Who is inside goes on, and the gate is open.
    assert.equal(gate.inFlight, 1);
    permit.release();
    (await gate.acquire()).release();
  });

  test(`${name}: clear rejects with the reason that is given`, async () => {
    const gate = make();
    await gate.acquire();
    for (const reason of [new Error("mine"), null, 0, "text"]) {
      const call = failure(gate.acquire());
      assert.equal(gate.clear(reason), 1);
      assert.equal(await call, reason);
    }
  });

  test(`${name}: clear leaves those alone who wait elsewhere, or come later`, async () => {
    const [gate, other] = [make(), make()];
    await gate.acquire();
    const permit = await other.acquire();
    const elsewhere = look(other.acquire());
    const before = failure(gate.acquire());
    assert.equal(gate.clear(), 1);
    await before;
    const later = look(gate.acquire());
    await settle();
    assert.deepEqual([elsewhere.state, later.state], ["pending", "pending"]);
    permit.release();
    await settle();
    assert.equal(elsewhere.state, "kept");
  });

  test(`${name}: close rejects those who wait and who come, and ends when nobody is inside`, async () => {
    const gate = make();
    const permit = await gate.acquire();
    const waiting = failure(gate.acquire());
    const closed = look(gate.close());
    assert.ok((await waiting) instanceof ClosedError);
    assert.ok((await failure(gate.acquire())) instanceof ClosedError);
    assert.ok((await failure(gate.run(assert.fail))) instanceof ClosedError);
    assert.throws(() => gate.tryAcquire(), ClosedError);
    assert.equal(closed.state, "pending");
    permit.release();
    await settle();
    assert.equal(closed.state, "kept");
    assert.equal(closed.value, undefined);
    assert.ok((await failure(gate.acquire())) instanceof ClosedError);
    await gate.close();
  });

  test(`${name}: close with drain lets those in who wait, but nobody who comes`, async () => {
    const gate = make();
    const permit = await gate.acquire();
    const order = [];
    const waiting = [1, 2].map((number) => gate.run(() => order.push(number)));
    const closed = look(gate.close({ drain: true }));
    assert.ok((await failure(gate.acquire())) instanceof ClosedError);
    assert.throws(() => gate.tryAcquire(), ClosedError);
    assert.equal(gate.waiting, 2);
    permit.release();
    await Promise.all(waiting);
    await settle();
    assert.deepEqual(order, [1, 2]);
    assert.equal(closed.state, "kept");
    assert.throws(() => gate.tryAcquire(), ClosedError);
  });

  test(`${name}: a drain ends too when those who wait give up, or are cleared`, async (t) => {
    const clock = fakeClock(t);
    const gate = make();
    const permit = await gate.acquire();
    const late = failure(gate.acquire({ timeout: 10 }));
    const cleared = failure(gate.acquire());
    const closed = look(gate.close({ drain: true }));
    await clock.advance(10);
    await late;
    gate.clear();
    await cleared;
    permit.release();
    await settle();
    assert.equal(closed.state, "kept");
  });

  test(`${name}: one who drains may lose patience, and close`, async () => {
    const gate = make();
    const permit = await gate.acquire();
    const waiting = failure(gate.acquire());
    const drained = look(gate.close({ drain: true }));
    const closed = look(gate.close());
    assert.ok((await waiting) instanceof ClosedError);
    permit.release();
    await settle();
    assert.deepEqual([drained.state, closed.state], ["kept", "kept"]);
  });

  test(`${name}: onIdle waits until nobody waits and nobody is inside`, async () => {
    const gate = make();
    await gate.onIdle();
    const [first, second] = [promised(), promised()];
    gate.run(() => first.promise);
    gate.run(() => second.promise);
    const idle = [look(gate.onIdle()), look(gate.onIdle())];
    first.resolve();
    await settle();
    assert.deepEqual(idle.map(({ state }) => state), ["pending", "pending"]);
    second.resolve();
    await settle();
    assert.deepEqual(idle.map(({ state }) => state), ["kept", "kept"]);
  });

  test(`${name}: one who waits for onIdle may give up`, async () => {
    const gate = make();
    const permit = await gate.acquire();
    const leaving = new AbortController();
    const { signal } = leaving;
    const [given, kept] = [look(gate.onIdle({ signal })), look(gate.onIdle())];
    assert.equal(getEventListeners(signal, "abort").length, 1);
    leaving.abort("enough");
    await settle();
    assert.equal(given.error, "enough");
    assert.equal(kept.state, "pending");
    assert.equal(getEventListeners(signal, "abort").length, 0);
    assert.equal(await failure(gate.onIdle({ signal })), "enough");
    permit.release();
    await settle();
    assert.equal(kept.state, "kept");
  });

  test(`${name}: onIdle leaves no listener when it is idle in the end`, async () => {
    const gate = make();
    const permit = await gate.acquire();
    const { signal } = new AbortController();
    const idle = gate.onIdle({ signal });
    permit.release();
    await idle;
    assert.equal(getEventListeners(signal, "abort").length, 0);
  });
}

test("clear lets nobody in on the way, though what those in front leave would do for those behind", async () => {
  for (const gate of [new Semaphore(2), new Throttle({ capacity: 2, period: 1e6 })]) {
    gate.tryAcquire();
    const calls = [2, 1, 1].map((cost) => look(gate.run(() => assert.fail("it was let in"), { cost })));
    assert.equal(gate.clear("cleared"), 3);
    await settle();
    assert.deepEqual(calls.map(({ error }) => error), ["cleared", "cleared", "cleared"]);
    assert.equal(gate.inFlight, 1);
  }
});

test("while somebody waits on time, and nobody is inside, it is not idle", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 1, period: 100 });
  (await gate.acquire()).release();
  const call = look(gate.run(() => {}));
  const idle = look(gate.onIdle());
  await clock.advance(99);
  assert.deepEqual([gate.waiting, gate.inFlight, idle.state], [1, 0, "pending"]);
  await clock.advance(1);
  assert.deepEqual([call.state, idle.state], ["kept", "kept"]);
});

test("a drained throttle serves those who wait at its own pace", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 1, period: 100 });
  const times = [];
  for (let number = 0; number < 4; number++) gate.run(() => times.push(clock.time));
  const closed = look(gate.close({ drain: true }));
  await clock.advance(299);
  assert.equal(closed.state, "pending");
  await clock.advance(1);
  assert.deepEqual(times, [0, 100, 200, 300]);
  assert.equal(closed.state, "kept");
});

test("closing ends the timer of those who waited on time", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 1, period: 1e6 });
  (await gate.acquire()).release();
  const waiting = failure(gate.acquire());
  assert.equal(clock.timers, 1);
  await gate.close();
  assert.equal((await waiting).code, "closed");
  assert.equal(clock.timers, 0);
});

test("what is closed can still be read, and be given back to", async () => {
  const gate = new Throttle({ concurrency: 2, capacity: 10 });
  const permit = await gate.acquire();
  const closed = gate.close();
  assert.deepEqual([gate.waiting, gate.inFlight, gate.paused], [0, 1, false]);
  assert.deepEqual(gate.check(), { ready: false, wait: Infinity });
  gate.pause(5);
  gate.resume();
  gate.refund();
  assert.equal(permit.release(), true);
  await closed;
});
