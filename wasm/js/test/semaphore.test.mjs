import assert from "node:assert/strict";
import { test } from "node:test";
import { BoundedSemaphore, OverReleaseError, QueueFullError, Semaphore } from "tollgate";
import { failure, look, settle } from "./helpers.mjs";

test("so many are let in at once, and the next when one comes out", async () => {
  const gate = new Semaphore(2);
  const [first] = [await gate.acquire(), await gate.acquire()];
  const third = look(gate.acquire());
  await settle();
  assert.equal(third.state, "pending");
  first.release();
  await settle();
  assert.equal(third.state, "kept");
});

test("a call that costs several permits waits until it has them all, and gives them all back", async () => {
  const gate = new Semaphore(3);
  const one = await gate.acquire();
  const heavy = look(gate.acquire({ cost: 3 }));
  await settle();
  assert.equal(heavy.state, "pending");
  one.release();
  await settle();
  assert.equal(heavy.value.cost, 3);
  assert.equal(gate.inFlight, 3);
  heavy.value.release();
  assert.equal(gate.available, 3);
  assert.equal(gate.inFlight, 0);
});

test("a call that costs nothing takes nothing, and is not held up, as in tokio's semaphore", async () => {
  const gate = new Semaphore(1);
  const permit = await gate.acquire();
  const waiting = gate.acquire();
  assert.equal((await gate.acquire({ cost: 0 })).cost, 0);
  assert.equal(gate.tryAcquire(0)?.release(), true);
  assert.equal(gate.inFlight, 1);
  permit.release();
  (await waiting).release();
  assert.equal(gate.available, 1);
});

test("tryAcquire takes what is free, or nothing", async () => {
  const gate = new Semaphore(2);
  const permit = gate.tryAcquire(2);
  assert.equal(permit.cost, 2);
  assert.equal(gate.tryAcquire(), undefined);
  permit.release();
  assert.equal(gate.tryAcquire(3), undefined);
  assert.ok(gate.tryAcquire());
  assert.equal(gate.available, 1);
});

test("what there is, is told: available, locked, waiting, inFlight, capacity", async () => {
  const gate = new Semaphore(2);
  const read = () => [gate.capacity, gate.available, gate.inFlight, gate.waiting, gate.locked];
  assert.deepEqual(read(), [2, 2, 0, 0, false]);
  const first = await gate.acquire();
  assert.deepEqual(read(), [2, 1, 1, 0, false]);
  const heavy = gate.acquire({ cost: 2 });
  // One is free, but promised.
  assert.deepEqual(read(), [2, 0, 1, 1, true]);
  first.release();
  assert.deepEqual(read(), [2, 0, 2, 0, true]);
  (await heavy).release();
  assert.deepEqual(read(), [2, 2, 0, 0, false]);
});

test("a permit that is promised cannot be taken by another before its owner has looked", async () => {
  const gate = new Semaphore(1);
  const permit = await gate.acquire();
  const next = gate.acquire();
  permit.release();
  assert.equal(gate.tryAcquire(), undefined);
  assert.equal(gate.locked, true);
  assert.ok(await next);
});

test("a semaphore of no permits lets nobody in until it has grown", async () => {
  const gate = new Semaphore(0);
  const waiting = look(gate.acquire());
  await settle();
  assert.equal(waiting.state, "pending");
  assert.equal(gate.locked, true);
  gate.capacity = 1;
  await settle();
  assert.equal(waiting.state, "kept");
});

test("growing lets in as many as there is room for, in order", async () => {
  const gate = new Semaphore(1);
  await gate.acquire();
  const order = [];
  for (const cost of [2, 1, 1]) gate.acquire({ cost }).then(() => order.push(cost));
  gate.capacity = 4;
  await settle();
  assert.deepEqual(order, [2, 1]);
  assert.equal(gate.waiting, 1);
  assert.equal(gate.capacity, 4);
});

test("shrinking below what is in use is a debt that those who come out pay first", async () => {
  const gate = new Semaphore(3);
  const permits = [await gate.acquire(), await gate.acquire(), await gate.acquire()];
  gate.capacity = 1;
  const next = look(gate.acquire());
  permits[0].release();
  permits[1].release();
  await settle();
  assert.equal(next.state, "pending");
  assert.equal(gate.inFlight, 1);
  permits[2].release();
  await settle();
  assert.equal(next.state, "kept");
  assert.equal(gate.available, 0);
});

test("release by hand gives back what was taken, and beyond that makes the semaphore larger", async () => {
  const gate = new Semaphore(1);
  await gate.acquire();
  const [one, two] = [look(gate.acquire()), look(gate.acquire())];
  gate.release();
  await settle();
  assert.deepEqual([one.state, two.state, gate.capacity], ["kept", "pending", 1]);
  gate.release(3);
  await settle();
  assert.equal(two.state, "kept");
  assert.equal(gate.capacity, 3);
  assert.equal(gate.available, 2);
});

test("a bounded semaphore refuses to be given back more than was taken, and nothing changes", async () => {
  const gate = new BoundedSemaphore(2);
  assert.ok(gate instanceof Semaphore);
  await gate.acquire();
  assert.throws(() => gate.release(2), OverReleaseError);
  assert.deepEqual([gate.available, gate.inFlight, gate.capacity], [1, 1, 2]);
  gate.release();
  assert.throws(() => gate.release(), OverReleaseError);
  assert.deepEqual([gate.available, gate.inFlight, gate.capacity], [2, 0, 2]);
  gate.release(0);
});

test("one more than maxWaiting is refused, and let in to wait when there is room again", async () => {
  const gate = new Semaphore(1, { maxWaiting: 1 });
  const permit = await gate.acquire();
  const leaving = new AbortController();
  const waiting = failure(gate.acquire({ signal: leaving.signal }));
  assert.ok((await failure(gate.acquire())) instanceof QueueFullError);
  assert.ok((await failure(gate.run(() => assert.fail("it was let in")))) instanceof QueueFullError);
  assert.equal(gate.waiting, 1);
  leaving.abort();
  await waiting;
  const next = gate.acquire();
  permit.release();
  (await next).release();
});

test("where nobody may wait, one who needs not is let in", async () => {
  const gate = new Semaphore(1, { maxWaiting: 0 });
  const permit = await gate.acquire();
  assert.equal((await failure(gate.acquire())).code, "queue_full");
  permit.release();
  assert.ok(await gate.acquire());
});

test("the largest semaphore works, and cannot be made larger", async () => {
  const most = 2 ** 29 - 1;
  const gate = new Semaphore(most);
  const permit = await gate.acquire({ cost: most });
  assert.equal(gate.available, 0);
  assert.throws(() => gate.release(most) || gate.release(1), OverReleaseError);
  assert.equal(gate.capacity, most);
  assert.equal(gate.available, most);
  assert.equal(permit.released, false);
});
