// How long it takes: nanoseconds for each call, the best of some rounds in which all take turns.
//
// node --expose-gc speed.mjs

import { Sema } from "async-sema";
import { Semaphore } from "tollgate";
import { acquireAndRelease, backlog, most, run } from "./contestants.mjs";
import { quick, skip, tell } from "./figures.mjs";

const ROUNDS = quick ? 3 : 7;
const CALLS = quick ? 20_000 : 100_000;
const BACKLOG = 300_000;
const TABLE = "Node: one call";

async function inTurn(call, name) {
  const calls = name === "bottleneck" ? most[name][0] / 10 : CALLS;
  for (let n = 0; n < calls; n++) await call();
  return calls;
}

const allAtOnce = (count) => async (call) => {
  const all = new Array(count);
  for (let n = 0; n < count; n++) all[n] = call();
  await Promise.all(all);
  return count;
};

/** Measures all contestants by turns; the best round of each. */
async function race(table, row, contestants, measure, rounds) {
  const best = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, make] of Object.entries(contestants)) {
      const call = make(10);
      globalThis.gc?.();
      const start = performance.now();
      const calls = await measure(call, name);
      const nanos = ((performance.now() - start) / calls) * 1e6;
      best[name] = Math.min(best[name] ?? Infinity, nanos);
    }
  }
  for (const [name, nanos] of Object.entries(best)) tell(table, row, name, nanos, "ns");
}

await race(TABLE, "acquire + release", acquireAndRelease, inTurn, ROUNDS);
await race(TABLE, "run(fn)", run, inTurn, ROUNDS);
const isFit = ([name]) => !most[name];
await race(TABLE, "backlog of 300,000", Object.fromEntries(Object.entries(backlog).filter(isFit)), allAtOnce(BACKLOG), quick ? 1 : 4);
for (const [name, [, why]] of Object.entries(most)) skip(TABLE, "backlog of 300,000", name, why);

// A number that the wasm has, one that JavaScript has itself, and a call that crosses and does something.
const gate = new Semaphore(10);
const sema = new Sema(10);
const CROSSINGS = 1_000_000;

/** Many reads in one call, so that nothing else is in the figure. */
const often = (read) => async () => {
  let sum = 0;
  for (let n = 0; n < CROSSINGS; n++) sum += read();
  if (sum !== 0) throw new Error("somebody waits");
  return CROSSINGS;
};
const reads = {
  tollgate: () => often(() => gate.waiting),
  "async-sema (no border)": () => often(() => sema.nrWaiting()),
};
await race("Node: a crossing", "how many wait", reads, (call) => call(), ROUNDS);
const takes = {
  tollgate: () => often(() => (gate.tryAcquire().release(), 0)),
  "async-sema (no border)": () => often(() => (sema.tryAcquire(), sema.release(), 0)),
};
await race("Node: a crossing", "tryAcquire + release", takes, (call) => call(), ROUNDS);
