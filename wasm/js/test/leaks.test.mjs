// Nothing piles up: listeners, timers, memory.

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { Semaphore, Throttle } from "tollgate";
import { fakeClock } from "./clock.mjs";
import { child, settle } from "./helpers.mjs";

for (const [name, make] of [
  ["semaphore", () => new Semaphore(1)],
  ["throttle", () => new Throttle({ concurrency: 1 })],
]) {
  test(`${name}: ten thousand acquires with one signal leave no listener, and Node has nothing to warn of`, async (t) => {
    const warnings = [];
    const note = (warning) => warnings.push(warning);
    process.on("warning", note);
    t.after(() => process.off("warning", note));
    const gate = make();
    const { signal } = new AbortController();
    let most = 0;
    const calls = Array.from({ length: 10_000 }, () => gate.run(() => (most = Math.max(most, getEventListeners(signal, "abort").length)), { signal }));
    assert.equal(gate.waiting, 9_999);
    await Promise.all(calls);
    await settle();
    assert.ok(most <= 1, `${most} listeners at once`);
    assert.equal(getEventListeners(signal, "abort").length, 0);
    assert.deepEqual(warnings, []);
  });

  test(`${name}: timeouts that do not come to pass leave no timer`, async (t) => {
    const clock = fakeClock(t);
    const gate = make();
    await Promise.all(Array.from({ length: 1000 }, () => gate.run(() => {}, { timeout: 5000 })));
    assert.equal(clock.timers, 0);
    assert.equal(gate.waiting + gate.inFlight, 0);
  });
}

test("a throttle arms no timer while nobody waits on time", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 1000, concurrency: 1 });
  for (let call = 0; call < 100; call++) await gate.run(() => {});
  const permit = await gate.acquire();
  const waiting = gate.acquire();
  assert.equal(clock.timers, 0, "it waits for a slot only");
  permit.release();
  (await waiting).release();
  assert.equal(clock.armed, 0);
});

/** For a child: `memory` is the wasm's. */
const WATCH_MEMORY = `
    let memory;
    const { Instance } = WebAssembly;
    WebAssembly.Instance = function (...args) {
      const made = Reflect.construct(Instance, args);
      memory = made.exports.memory;
      return made;
    };
`;

/** `TOLLGATE_ROUNDS=1000000` for the long run; what is left behind shows with fewer too. */
const ROUNDS = Number(process.env.TOLLGATE_ROUNDS ?? 100_000);

test(`${ROUNDS} rounds of acquire, abort and clear leave the heap and the wasm memory as they were`, async () => {
  const { code, stdout, stderr } = await child(
    `
    import { Semaphore, Throttle } from "tollgate";

${WATCH_MEMORY}    const rounds = ${ROUNDS};
    const shared = new AbortController();
    const gates = [new Semaphore(1), new Throttle({ concurrency: 1 }), new Throttle({ capacity: 1, period: 1e9 })];
    for (const gate of gates) await gate.acquire();
    async function turn(rounds) {
      for (let round = 0; round < rounds; round++) {
        const gate = gates[round % gates.length];
        const leaving = new AbortController();
        const waiting = gate.acquire({ signal: leaving.signal, timeout: round % 2 ? 1e6 : Infinity });
        const other = gate.acquire({ signal: shared.signal }).catch(() => {});
        leaving.abort();
        await waiting.catch(() => {});
        gate.clear();
        await other;
      }
    }
    async function read() {
      for (let time = 0; time < 4; time++) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        gc();
      }
      return [process.memoryUsage().heapUsed, memory.buffer.byteLength];
    }
    await turn(rounds / 10);
    const before = await read();
    await turn(rounds);
    const after = await read();
    console.log(JSON.stringify({ before, after, waiting: gates.map((gate) => gate.waiting), timers: process.getActiveResourcesInfo().filter((name) => name === "Timeout").length }));
    `,
    { flags: ["--expose-gc"], limit: 120_000 },
  );
  assert.equal(code, 0, stderr);
  assert.equal(stderr, "", "no warnings");
  const { before, after, waiting, timers } = JSON.parse(stdout);
  assert.ok(after[0] - before[0] < 300_000, `the heap grew by ${after[0] - before[0]} bytes`);
  assert.equal(after[1], before[1], "the memory of the wasm grew");
  assert.deepEqual(waiting, [0, 0, 0]);
  assert.equal(timers, 0);
});

test("gates that nobody keeps are given back to the engine", async () => {
  const { code, stdout, stderr } = await child(
    `
    import { Semaphore, Throttle } from "tollgate";
${WATCH_MEMORY}    async function turn() {
      for (let round = 0; round < 20; round++) {
        for (let gate = 0; gate < 100; gate++) await new Throttle({ capacity: 100, period: 1e6 }).acquire({ cost: 2 });
        for (let gate = 0; gate < 100; gate++) new Semaphore(1).acquire();
        await new Promise((resolve) => setTimeout(resolve));
        gc();
      }
      return memory.buffer.byteLength;
    }
    await turn();
    console.log(await turn(), await turn());
    `,
    { flags: ["--expose-gc"], limit: 60_000 },
  );
  assert.equal(code, 0, stderr);
  const [before, after] = stdout.split(" ");
  assert.equal(after, before, "the memory of the wasm grew");
});
