import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { BoundedSemaphore, Keyed, QueueFullError, Semaphore, Throttle } from "tollgate";
import { fakeClock } from "./clock.mjs";
import { failure, look, promised, settle, worst } from "./helpers.mjs";

test("each key has a gate of its own, made when first used", async () => {
  const made = [];
  const keyed = new Keyed((key) => {
    made.push(key);
    return new Semaphore(1);
  });
  assert.equal(keyed.size, 0);
  const a = await keyed.acquire("a");
  const b = await keyed.acquire("b");
  const waiting = look(keyed.acquire("a"));
  assert.deepEqual(made, ["a", "b"]);
  assert.equal(keyed.size, 2);
  assert.equal(keyed.get("a").waiting, 1);
  assert.ok(keyed.get("c") instanceof Semaphore);
  b.release();
  await settle();
  assert.equal(waiting.state, "pending");
  a.release();
  await settle();
  assert.equal(waiting.state, "kept");
});

test("keys are compared as in a Map", async () => {
  const keyed = new Keyed(() => new Semaphore(1));
  const [one, two] = [{}, {}];
  const gates = [keyed.get(one), keyed.get(two), keyed.get(1), keyed.get("1"), keyed.get(undefined)];
  assert.equal(new Set(gates).size, 5);
  assert.equal(keyed.get(one), gates[0]);
  assert.equal(keyed.get(Number.NaN), keyed.get(Number.NaN));
});

test("run calls the function within both limits, and gives both places back", async () => {
  const total = new Semaphore(5);
  const keyed = new Keyed(() => new Semaphore(3), { total });
  const seen = await keyed.run("a", () => [total.inFlight, keyed.get("a").inFlight], { cost: 2 });
  assert.deepEqual(seen, [2, 2]);
  const thrown = new Error("mine");
  assert.equal(await failure(keyed.run("a", () => Promise.reject(thrown))), thrown);
  const thrower = () => {
    throw thrown;
  };
  assert.equal(await failure(keyed.run("a", thrower)), thrown);
  assert.deepEqual([total.inFlight, keyed.get("a").inFlight], [0, 0]);
});

test("a full key holds up no other key, and takes nothing of the total while it waits", async () => {
  const total = new Semaphore(2);
  const keyed = new Keyed(() => new Semaphore(1), { total });
  const held = await keyed.acquire("full");
  const waiting = Array.from({ length: 10 }, () => look(keyed.acquire("full")));
  await settle();
  assert.equal(total.inFlight, 1);
  assert.equal(total.waiting, 0);
  for (let round = 0; round < 5; round++) assert.equal(await keyed.run("other", () => "in"), "in");
  held.release();
  await settle();
  assert.equal(waiting.filter(({ state }) => state === "kept").length, 1);
});

test("a full total holds up all keys, and lets them in in the order in which they came to it", async () => {
  const total = new Semaphore(1);
  const keyed = new Keyed(() => new Semaphore(2), { total });
  const held = await keyed.acquire("a");
  const order = [];
  for (const key of ["b", "c", "a"]) keyed.run(key, () => order.push(key));
  await settle();
  assert.deepEqual(order, []);
  held.release();
  await settle();
  assert.deepEqual(order, ["b", "c", "a"]);
});

test("the limits of a key hold though its calls were held up by the total", async (t) => {
  const clock = fakeClock(t);
  const total = new Semaphore(1);
  const keyed = new Keyed(() => new Throttle({ capacity: 2, period: 100 }), { total });
  const held = await keyed.acquire("other");
  const times = [];
  const calls = Array.from({ length: 10 }, () => keyed.run("key", () => times.push(clock.time)));
  // Long enough for all of them to pass the gate of their key, if they could.
  await clock.advance(1000);
  assert.deepEqual(times, []);
  held.release();
  await clock.advance(2000);
  await Promise.all(calls);
  assert.equal(times.length, 10);
  assert.ok(worst(times, 100) <= 2, `${worst(times, 100)} in a period: ${times}`);
  assert.ok(times.at(-1) <= 1000 + 500, `took until ${times.at(-1)}`);
});

test("the total's own rate holds over all keys", async (t) => {
  const clock = fakeClock(t);
  const total = new Throttle({ capacity: 3, period: 100 });
  const keyed = new Keyed(() => new Throttle({ capacity: 2, period: 100 }), { total });
  const times = { a: [], b: [] };
  const calls = ["a", "a", "a", "a", "b", "b", "b", "b"].map((key) => keyed.run(key, () => times[key].push(clock.time)));
  await clock.advance(1000);
  await Promise.all(calls);
  const all = [...times.a, ...times.b].sort((x, y) => x - y);
  assert.ok(worst(all, 100) <= 3 && worst(times.a, 100) <= 2 && worst(times.b, 100) <= 2, JSON.stringify(times));
  assert.ok(all.at(-1) <= 300, JSON.stringify(times));
});

test("one who gives up, wherever it waits, gives back all it had", async (t) => {
  const clock = fakeClock(t);
  const total = new Semaphore(1);
  const keyed = new Keyed(() => new Throttle({ capacity: 3, period: 1000, concurrency: 2 }), { total });
  const held = await keyed.acquire("a");
  const leaving = new AbortController();
  const { signal } = leaving;
  // The first waits for the total; those behind it for their turn.
  const calls = [1, 2, 3].map(() => failure(keyed.acquire("a", { signal })));
  const timed = [1, 2].map(() => failure(keyed.acquire("a", { timeout: 20 })));
  await settle();
  leaving.abort("enough");
  for (const call of calls) assert.equal(await call, "enough");
  await clock.advance(20);
  for (const call of timed) assert.equal((await call).code, "timeout");
  assert.equal(getEventListeners(signal, "abort").length, 0);
  assert.equal(clock.timers, 0);
  const gate = keyed.get("a");
  assert.deepEqual([total.waiting, total.inFlight, gate.waiting, gate.inFlight], [0, 1, 0, 1]);
  // What they had of the rate is refunded.
  assert.equal(gate.available, 2);
  held.release();
});

test("a timeout is for the whole way in, not for each gate", async (t) => {
  const clock = fakeClock(t);
  const total = new Semaphore(1);
  const keyed = new Keyed(() => new Semaphore(1), { total });
  const own = await keyed.acquire("a");
  const call = look(keyed.acquire("a", { timeout: 100 }));
  await clock.advance(60);
  const other = look(total.acquire());
  await settle();
  own.release();
  await settle();
  // The total has gone to one who asked it before the key let us in; of the time 40 ms are left.
  assert.equal(other.state, "kept");
  await clock.advance(39);
  assert.equal(call.state, "pending");
  await clock.advance(1);
  assert.equal(call.error?.code, "timeout");
  assert.equal(keyed.get("a").inFlight, 0);
});

test("a cost that the total can never admit is refused, and the key is as before", async () => {
  const total = new Throttle({ capacity: 2 });
  const keyed = new Keyed(() => new Throttle({ capacity: 10 }), { total });
  assert.equal((await failure(keyed.acquire("a", { cost: 3 }))).code, "cost");
  assert.equal(keyed.get("a").available, 10);
  assert.equal(total.available, 2);
  assert.equal((await failure(keyed.acquire("a", { cost: 11 }))).code, "cost");
  (await keyed.acquire("a", { cost: 2 })).release();
});

test("a total that is closed turns everybody away", async () => {
  const total = new Semaphore(1);
  const keyed = new Keyed(() => new Semaphore(1), { total });
  await total.close();
  assert.equal((await failure(keyed.acquire("a"))).code, "closed");
  assert.equal(keyed.get("a").inFlight, 0);
});

test("more keys than may be are refused while all are in use; then the least recently used goes", async () => {
  const keyed = new Keyed(() => new Semaphore(1), { maxKeys: 2 });
  const a = await keyed.acquire("a");
  const b = await keyed.acquire("b");
  const refused = await failure(Promise.resolve().then(() => keyed.acquire("c")));
  assert.ok(refused instanceof QueueFullError);
  assert.match(refused.message, /maxKeys is 2/);
  const [gateA, gateB] = [keyed.get("a"), keyed.get("b")];
  a.release();
  b.release();
  (await keyed.acquire("a")).release();
  (await keyed.acquire("c")).release();
  assert.equal(keyed.size, 2);
  assert.equal(keyed.get("a"), gateA);
  assert.notEqual(keyed.get("b"), gateB);
});

test("a key is not forgotten while its gate would decide otherwise than a new one", async (t) => {
  const clock = fakeClock(t);
  const keyed = new Keyed(() => new Throttle({ capacity: 1 }), { maxKeys: 1, idle: 0 });
  (await keyed.acquire("a")).release();
  await assert.rejects(async () => keyed.acquire("b"), { code: "queue_full" });
  await clock.advance(1000);
  (await keyed.acquire("b")).release();
  keyed.get("b").pause(5000);
  await clock.advance(4999);
  await assert.rejects(async () => keyed.acquire("a"), { code: "queue_full" });
  await clock.advance(1);
  assert.ok(await keyed.acquire("a"));
});

test("a key is in use as long as a permit of it is out, even one that cost nothing", async () => {
  const keyed = new Keyed(() => new Semaphore(1), { maxKeys: 1 });
  const permit = await keyed.acquire("a", { cost: 0 });
  await assert.rejects(async () => keyed.acquire("b"), { code: "queue_full" });
  permit.release();
  assert.ok(await keyed.acquire("b"));
});

test("a call that waited for its key, began late, and then waited for the total counts from when it went out", async (t) => {
  const clock = fakeClock(t);
  const total = new Semaphore(1);
  const keyed = new Keyed(() => new Throttle({ capacity: 2, period: 100 }), { total });
  const held = await keyed.acquire("other");
  const gate = keyed.get("key");
  gate.tryAcquire(2);
  gate.acquire().then(() => clock.freeze(30));
  const call = look(keyed.acquire("key"));
  await clock.advance(100);
  assert.equal(clock.time, 130);
  await clock.advance(400);
  held.release();
  await settle();
  assert.equal(call.state, "kept");
  assert.equal(gate.available, 1);
  await clock.advance(99);
  assert.equal(gate.available, 1);
  await clock.advance(1);
  assert.equal(gate.available, 2);
});

test("a call that was let in by its key at once counts from when it went out, whoever was let in elsewhere meanwhile", async (t) => {
  const clock = fakeClock(t);
  const total = new Semaphore(1);
  const keyed = new Keyed(() => new Throttle({ capacity: 2, period: 100 }), { total });
  const held = await keyed.acquire("other");
  await clock.advance(20);
  await new Throttle({ capacity: 1 }).acquire();
  await clock.advance(30);
  const call = look(keyed.acquire("key"));
  await clock.advance(30);
  held.release();
  await settle();
  assert.equal(call.state, "kept");
  // It counts once, not from when it was let in by the key as well.
  assert.equal(keyed.get("key").available, 1);
  await clock.advance(99);
  assert.equal(keyed.get("key").available, 1);
  await clock.advance(1);
  assert.equal(keyed.get("key").available, 2);
});

test("a refusal by the key's gate keeps nobody of that key out", async () => {
  const keyed = new Keyed(() => new Throttle({ capacity: 2, maxWaiting: 0 }), { total: new Semaphore(5) });
  for (let round = 0; round < 3; round++) assert.equal((await failure(keyed.acquire("a", { cost: 3 }))).code, "cost");
  (await keyed.acquire("a", { cost: 2 })).release();
  for (let round = 0; round < 3; round++) assert.equal((await failure(keyed.acquire("a"))).code, "queue_full");
  await keyed.get("a").close();
  for (let round = 0; round < 3; round++) assert.equal((await failure(keyed.acquire("a"))).code, "closed");
  assert.equal(await keyed.run("b", () => "in"), "in");
});

test("keys that nobody uses are forgotten, not before their time", async (t) => {
  const clock = fakeClock(t);
  const keyed = new Keyed(() => new Semaphore(1), { idle: 100 });
  const held = await keyed.acquire("held");
  for (let key = 0; key < 5; key++) keyed.run(key, () => {});
  await clock.advance(99);
  assert.equal(keyed.size, 6);
  await clock.advance(1);
  assert.equal(keyed.size, 1);
  held.release();
  await clock.advance(99);
  assert.equal(keyed.size, 1);
  await clock.advance(1);
  assert.equal(keyed.size, 0);
  assert.equal(clock.timers, 0);
});

test("keys that come and go do not pile up", async (t) => {
  const clock = fakeClock(t);
  const keyed = new Keyed(() => new Semaphore(1), { idle: 10 });
  for (let key = 0; key < 20_000; key++) {
    keyed.acquire(key).then((permit) => permit.release());
    if (key % 1000 === 0) await clock.advance(10);
  }
  await clock.advance(10);
  assert.equal(keyed.size, 0);
});

test("a key whose function never ends holds itself only", async () => {
  const total = new Semaphore(5);
  const keyed = new Keyed(() => new Semaphore(1), { total });
  const never = promised();
  keyed.run("stuck", () => never.promise);
  const behind = look(keyed.run("stuck", () => {}));
  assert.equal(await keyed.run("other", () => 1), 1);
  assert.equal(behind.state, "pending");
});

test("with a total too, no more may wait for a key than its gate lets", async () => {
  const keyed = new Keyed(() => new Throttle({ concurrency: 1, maxWaiting: 1 }), { total: new Semaphore(9) });
  const permit = await keyed.acquire("a");
  const calls = [look(keyed.acquire("a")), look(keyed.acquire("a"))];
  await settle();
  permit.release();
  assert.deepEqual(calls.map(({ error }) => error?.code), [undefined, "queue_full"]);
});

test("the total's permit comes back though the key's gate refuses its own", async () => {
  const total = new Semaphore(1);
  const keyed = new Keyed(() => new BoundedSemaphore(1), { total });
  const permit = await keyed.acquire("a");
  keyed.get("a").release();
  assert.throws(() => permit.release(), { code: "over_release" });
  assert.equal(total.inFlight, 0);
});

test("one who gives up at the total leaves no gap in the schedule of its key", async (t) => {
  const clock = fakeClock(t);
  const total = new Semaphore(1);
  const keyed = new Keyed(() => new Throttle({ capacity: 1, period: 1000, pacing: "smooth" }), { total });
  const permit = total.tryAcquire();
  assert.equal((await Promise.all([failure(keyed.acquire("a", { timeout: 20 })), clock.advance(20)]))[0].code, "timeout");
  permit.release();
  const next = look(keyed.acquire("a"));
  await clock.advance(0);
  assert.equal(next.state, "kept");
});
