// How long it takes: nanoseconds for each call, the best of some rounds in which all take turns.
//
// node --expose-gc speed.mjs

import { Semaphore as AsyncMutexSemaphore } from "async-mutex";
import { Sema } from "async-sema";
import pLimit from "p-limit";
import PQueue from "p-queue";
import { Semaphore } from "tollgate";

const ROUNDS = 7;
const CALLS = 100_000;
const BACKLOG = 300_000;
const work = async () => {};

/** Acquires and releases, one after the other, with nobody else about. */
const acquireAndRelease = {
  tollgate: () => {
    const gate = new Semaphore(10);
    return async () => (await gate.acquire()).release();
  },
  "async-sema": () => {
    const gate = new Sema(10);
    return async () => {
      await gate.acquire();
      gate.release();
    };
  },
  "async-mutex": () => {
    const gate = new AsyncMutexSemaphore(10);
    return async () => {
      const [, release] = await gate.acquire();
      release();
    };
  },
};

/** The same, around a function. */
const run = {
  tollgate: () => {
    const gate = new Semaphore(10);
    return () => gate.run(work);
  },
  "p-limit": () => {
    const limit = pLimit(10);
    return () => limit(work);
  },
  "p-queue": () => {
    const queue = new PQueue({ concurrency: 10 });
    return () => queue.add(work);
  },
  "async-mutex": () => {
    const gate = new AsyncMutexSemaphore(10);
    return () => gate.runExclusive(work);
  },
};

/** All at once, ten let in at a time. */
const backlog = {
  tollgate: run.tollgate,
  "async-sema": () => {
    const gate = new Sema(10);
    return async () => {
      await gate.acquire();
      try {
        await work();
      } finally {
        gate.release();
      }
    };
  },
  "p-limit": run["p-limit"],
  "p-queue": run["p-queue"],
};

async function inTurn(call) {
  for (let n = 0; n < CALLS; n++) await call();
  return CALLS;
}

const allAtOnce = (count) => async (call) => {
  const all = new Array(count);
  for (let n = 0; n < count; n++) all[n] = call();
  await Promise.all(all);
  return count;
};

/** Measures all contestants by turns; the best round of each. */
async function race(title, contestants, measure, rounds) {
  const best = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, make] of Object.entries(contestants)) {
      const call = make();
      globalThis.gc?.();
      const start = performance.now();
      const calls = await measure(call);
      const nanos = ((performance.now() - start) / calls) * 1e6;
      best[name] = Math.min(best[name] ?? Infinity, nanos);
    }
  }
  console.log(title);
  const { tollgate, ...peers } = best;
  const fastest = Math.min(...Object.values(peers));
  console.log(`  ${"tollgate".padEnd(14)} ${tollgate.toFixed(0).padStart(6)} ns   ${(tollgate / fastest).toFixed(2)} x the fastest peer`);
  for (const [name, nanos] of Object.entries(peers)) {
    console.log(`  ${name.padEnd(14)} ${nanos.toFixed(0).padStart(6)} ns   ${(tollgate / nanos).toFixed(2)}`);
  }
}

await race("acquire and release, nobody waits", acquireAndRelease, inTurn, ROUNDS);
await race("run an async function, nobody waits", run, inTurn, ROUNDS);
await race(`${BACKLOG} at once, ten at a time`, backlog, allAtOnce(BACKLOG), 4);

console.log("a backlog as it grows, one at a time: ns and bytes for each");
for (const count of [1_000, 10_000, 100_000, 1_000_000]) {
  const gate = new Semaphore(1);
  globalThis.gc?.();
  const before = process.memoryUsage();
  const start = performance.now();
  const all = new Array(count);
  for (let n = 0; n < count; n++) all[n] = gate.run(work);
  const queued = performance.now() - start;
  globalThis.gc?.();
  const after = process.memoryUsage();
  const again = performance.now();
  await Promise.all(all);
  const nanos = ((queued + performance.now() - again) / count) * 1e6;
  const bytes = (after.heapUsed + after.arrayBuffers + after.external - before.heapUsed - before.arrayBuffers - before.external) / count;
  console.log(`  ${String(count).padStart(9)} ${nanos.toFixed(0).padStart(6)} ns ${bytes.toFixed(0).padStart(6)} bytes`);
}
