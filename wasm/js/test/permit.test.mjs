import assert from "node:assert/strict";
import { test } from "node:test";
import { BoundedSemaphore, Keyed, Semaphore, Throttle } from "tollgate";

const sources = [
  ["semaphore", () => new Semaphore(5)],
  ["bounded semaphore", () => new BoundedSemaphore(5)],
  ["throttle", () => new Throttle({ concurrency: 5 })],
];

for (const [name, make] of sources) {
  test(`${name}: a permit is given back once, and tells whether it was`, async () => {
    const gate = make();
    const others = await gate.acquire();
    const permit = await gate.acquire();
    assert.equal(permit.released, false);
    assert.equal(gate.inFlight, 2);
    assert.equal(permit.release(), true);
    assert.equal(permit.released, true);
    assert.equal(gate.inFlight, 1);
    for (let again = 0; again < 3; again++) assert.equal(permit.release(), false);
    assert.equal(gate.inFlight, 1);
    others.release();
  });

  test(`${name}: a permit is given back at the end of a block`, async () => {
    const gate = make();
    // `using permit = …` does no more than this.
    const permit = await gate.acquire();
    assert.equal(permit[Symbol.dispose](), undefined);
    assert.equal(gate.inFlight, 0);
    assert.equal(permit.released, true);
    assert.equal(permit[Symbol.dispose](), undefined);

    const other = await gate.acquire();
    const disposed = other[Symbol.asyncDispose]();
    assert.ok(disposed instanceof Promise);
    assert.equal(await disposed, undefined);
    assert.equal(gate.inFlight, 0);
    await other[Symbol.asyncDispose]();
    assert.equal(gate.inFlight, 0);
  });
}

test("a permit of a key gives back both its places, once", async () => {
  const total = new Semaphore(3);
  const keyed = new Keyed(() => new Semaphore(2), { total });
  const permit = await keyed.acquire("a");
  const other = await keyed.acquire("b");
  assert.deepEqual([total.inFlight, keyed.get("a").inFlight], [2, 1]);
  assert.equal(permit.release(), true);
  assert.equal(permit.release(), false);
  permit[Symbol.dispose]();
  assert.deepEqual([total.inFlight, keyed.get("a").inFlight], [1, 0]);
  other[Symbol.dispose]();
  assert.equal(total.inFlight, 0);
});

test("a permit knows its cost", async () => {
  assert.equal((await new Semaphore(5).acquire({ cost: 3 })).cost, 3);
  assert.equal((await new Throttle({ capacity: 5 }).acquire({ cost: 2.5 })).cost, 2.5);
  assert.equal((await new Throttle({ capacity: 5 }).acquire()).cost, 1);
  assert.equal((await new Keyed(() => new Semaphore(5)).acquire("a", { cost: 4 })).cost, 4);
  assert.equal((await new Keyed(() => new Semaphore(5)).acquire("a")).cost, 1);
});

test("a permit keeps its gate working, though nobody else knows that any more", async () => {
  const permit = await new Semaphore(1).acquire();
  assert.equal(permit.release(), true);
});
