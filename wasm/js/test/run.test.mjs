// run and wrap.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Semaphore, Throttle } from "tollgate";
import { failure, look, promised, settle } from "./helpers.mjs";

test("run calls the function when it is let in, and gives its result", async () => {
  const gate = new Semaphore(1);
  const first = promised();
  const one = gate.run(() => first.promise);
  let called = false;
  const two = gate.run(() => {
    called = true;
    return "two";
  });
  await settle();
  assert.equal(called, false);
  first.resolve("one");
  assert.equal(await one, "one");
  assert.equal(await two, "two");
  assert.equal(gate.inFlight, 0);
});

test("run calls the function at once when there is no need to wait", async () => {
  for (const gate of [new Semaphore(1), new Throttle({ capacity: 1 })]) {
    let called = false;
    const running = gate.run(() => (called = true));
    assert.equal(called, true);
    await running;
  }
});

test("the permit is held until the promise of the function is settled", async () => {
  const gate = new Throttle({ concurrency: 1 });
  const inside = promised();
  const running = gate.run(() => inside.promise);
  await settle();
  assert.equal(gate.inFlight, 1);
  assert.equal(gate.tryAcquire(), undefined);
  inside.resolve();
  await running;
  assert.equal(gate.inFlight, 0);
});

for (const [name, make] of [
  ["semaphore", () => new Semaphore(1)],
  ["throttle", () => new Throttle({ concurrency: 1, capacity: 1000 })],
]) {
  test(`${name}: a function that throws gives its permit back, and run rejects with what it threw`, async () => {
    const gate = make();
    const error = new Error("sync");
    const thrower = () => {
      throw error;
    };
    assert.equal(await failure(gate.run(thrower)), error);
    assert.equal(gate.inFlight, 0);
    const permit = await gate.acquire();
    const waited = failure(gate.run(thrower));
    const behind = gate.run(() => "behind");
    permit.release();
    assert.equal(await waited, error);
    assert.equal(await behind, "behind");
    assert.deepEqual([gate.inFlight, gate.waiting], [0, 0]);
  });

  test(`${name}: a function whose promise is broken gives its permit back, and run rejects with the reason`, async () => {
    const gate = make();
    const broken = gate.run(() => Promise.reject("a reason that is no error"));
    const behind = gate.run(async () => "behind");
    assert.equal(await failure(broken), "a reason that is no error");
    assert.equal(await behind, "behind");
    assert.equal(gate.inFlight, 0);
  });
}

test("run awaits whatever can be awaited", async () => {
  const gate = new Semaphore(1);
  // biome-ignore lint/suspicious/noThenProperty: that is what is tested.
  const thenable = { then: (resolve) => resolve("then") };
  assert.equal(await gate.run(() => thenable), "then");
  assert.equal(await gate.run(() => undefined), undefined);
  assert.equal(gate.inFlight, 0);
});

test("a function that never ends holds its own place, and nobody else's", async () => {
  const gate = new Semaphore(2);
  gate.run(() => new Promise(() => {}));
  for (let number = 0; number < 10; number++) assert.equal(await gate.run(() => number), number);
  assert.deepEqual([gate.inFlight, gate.waiting], [1, 0]);
});

test("run holds as much as it costs", async () => {
  const gate = new Semaphore(3);
  const seen = await gate.run(() => [gate.inFlight, gate.available], { cost: 2 });
  assert.deepEqual(seen, [2, 1]);
  assert.equal(gate.available, 3);
});

test("who is let in by a release is called when the code that released is done", async () => {
  for (const gate of [new Semaphore(1), new Throttle({ concurrency: 1 })]) {
    const order = [];
    const permit = await gate.acquire();
    const waiting = gate.run(() => order.push("called"));
    permit.release();
    order.push("released");
    await waiting;
    assert.deepEqual(order, ["released", "called"]);
  }
});

test("a call within a call goes through the gate like any other", async () => {
  const gate = new Semaphore(2);
  const inner = await gate.run(() => gate.run(() => gate.inFlight));
  assert.equal(inner, 2);
  assert.equal(gate.inFlight, 0);
});

test("a wrapped function passes on this, arguments and result", async () => {
  const gate = new Semaphore(1);
  const counter = {
    step: 2,
    add: gate.wrap(async function (...numbers) {
      assert.equal(gate.inFlight, 1);
      return numbers.reduce((sum, number) => sum + number, this.step);
    }),
  };
  assert.equal(await counter.add(3, 4), 9);
  assert.equal(await counter.add.call({ step: 10 }), 10);
  assert.equal(gate.inFlight, 0);
});

test("wrapped functions share the gate with everybody else", async () => {
  const gate = new Semaphore(1);
  const held = promised();
  const wrapped = gate.wrap((value) => value);
  const first = gate.run(() => held.promise);
  const second = look(wrapped("second"));
  await settle();
  assert.equal(second.state, "pending");
  held.resolve();
  await first;
  await settle();
  assert.equal(second.value, "second");
});

test("a wrapped function rejects with what the function throws", async () => {
  const gate = new Semaphore(1);
  const error = new Error("mine");
  const wrapped = gate.wrap(() => {
    throw error;
  });
  assert.equal(await failure(wrapped()), error);
  assert.equal(gate.inFlight, 0);
});

test("options of a wrapped function are for each call", async () => {
  const gate = new Semaphore(5);
  const wrapped = gate.wrap(() => gate.inFlight, { cost: 3 });
  assert.equal(await wrapped(), 3);
  assert.equal(await wrapped(), 3);
});

test("options of a wrapped function may depend on its arguments", async () => {
  const gate = new Semaphore(5);
  const wrapped = gate.wrap(
    (_name, _size) => gate.inFlight,
    (name, size) => (name === "default" ? undefined : { cost: size }),
  );
  assert.equal(await wrapped("a", 4), 4);
  assert.equal(await wrapped("b", 2), 2);
  assert.equal(await wrapped("default", 2), 1);
});

test("a wrapped function whose options throw is not called, and takes nothing", async () => {
  const gate = new Semaphore(1);
  const wrapped = gate.wrap(
    () => assert.fail("it was called"),
    () => {
      throw new Error("no options");
    },
  );
  assert.throws(() => wrapped(), /no options/);
  assert.equal(gate.inFlight, 0);
});
