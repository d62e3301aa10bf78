import assert from "node:assert/strict";
import { test } from "node:test";
import * as tollgate from "tollgate";
import { failure } from "./helpers.mjs";

const { BoundedSemaphore, ClosedError, CostError, OverReleaseError, QueueFullError, Semaphore, Throttle, TimeoutError, TollgateError } = tollgate;

for (const [Class, name, code, provoke] of [
  [ClosedError, "ClosedError", "closed", async () => {
    const gate = new Semaphore(1);
    await gate.close();
    return failure(gate.acquire());
  }],
  [TimeoutError, "TimeoutError", "timeout", () => failure(new Semaphore(0).acquire({ timeout: 0 }))],
  [QueueFullError, "QueueFullError", "queue_full", () => failure(new Semaphore(0, { maxWaiting: 0 }).acquire())],
  [OverReleaseError, "OverReleaseError", "over_release", () => failure((async () => new BoundedSemaphore(1).release())())],
  [CostError, "CostError", "cost", () => failure(new Throttle({ capacity: 1 }).acquire({ cost: 2 }))],
  [TollgateError, "TollgateError", "cleared", async () => {
    const gate = new Semaphore(0);
    const waiting = failure(gate.acquire());
    gate.clear();
    return waiting;
  }],
]) {
  test(`${name}: its class, name, code and message`, async () => {
    const error = await provoke();
    assert.equal(error.constructor, Class);
    assert.ok(error instanceof TollgateError);
    assert.ok(error instanceof Error);
    assert.equal(error.name, name);
    assert.equal(error.code, code);
    assert.ok(error.message.length > 0);
    assert.equal(String(error), `${name}: ${error.message}`);
    assert.match(error.stack, new RegExp(`^${name}: `));
    // As with the errors of the language, name is not the object's own.
    assert.deepEqual(Object.keys(error), ["code"]);
  });
}

test("a call from within the engine, by a patched clock, is refused as busy, and nothing is lost", async (t) => {
  const gate = new Throttle({ capacity: 5 });
  const real = performance.now;
  t.after(() => (performance.now = real));
  let inner;
  performance.now = () => {
    performance.now = real;
    inner = failure(gate.acquire());
    return performance.now();
  };
  const permit = await gate.acquire();
  const error = await inner;
  assert.deepEqual([error.constructor, error.code], [TollgateError, "busy"]);
  assert.equal(gate.available, 4);
  assert.equal(permit.release(), true);
  assert.ok(await gate.acquire());
});

test("each has a class of its own, and none is taken for another", () => {
  const made = [new ClosedError(), new TimeoutError(), new QueueFullError(), new OverReleaseError(), new CostError()];
  for (const error of made) {
    assert.equal(made.filter((other) => other instanceof error.constructor).length, 1);
    assert.equal(made.filter(({ code }) => code === error.code).length, 1);
  }
});

test("what the package exports", () => {
  assert.deepEqual(Object.keys(tollgate).sort(), [
    "BoundedSemaphore",
    "ClosedError",
    "CostError",
    "Keyed",
    "OverReleaseError",
    "QueueFullError",
    "Semaphore",
    "Throttle",
    "TimeoutError",
    "TollgateError",
    "adopt",
    "createFetch",
    "provide",
  ].sort());
});
