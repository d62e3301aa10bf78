// What a crowd that waits costs: time and memory for each of a backlog as it grows, and for each that is cancelled.
//
// node --expose-gc crowd.mjs

import PQueue from "p-queue";
import { Semaphore } from "tollgate";
import { backlog, most } from "./contestants.mjs";
import { quick, skip, tell } from "./figures.mjs";

const SIZES = quick ? { "1e3": 1_000, "1e4": 10_000 } : { "1e3": 1_000, "1e4": 10_000, "1e5": 100_000, "1e6": 1_000_000 };
// p-queue takes time by the square for the newest first: more would take minutes.
const CANCELLED = 10_000;

function memory() {
  globalThis.gc?.();
  // Wasm and array buffers are both in what is external.
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Nanoseconds and bytes for each of so many. */
async function queue(make, count) {
  const call = make(1);
  const before = memory();
  const start = performance.now();
  const all = new Array(count);
  for (let n = 0; n < count; n++) all[n] = call();
  const queued = performance.now() - start;
  const bytes = (memory() - before) / count;
  const again = performance.now();
  await Promise.all(all);
  return [((queued + performance.now() - again) / count) * 1e6, bytes];
}

for (const [name, make] of Object.entries(backlog)) {
  const totals = [];
  for (const [row, count] of Object.entries(SIZES)) {
    const [limit, why] = most[name] ?? [Infinity];
    if (count > limit) {
      skip("Node: backlog", row, name, why);
      skip("Node: memory of a waiter", row, name, "as above");
      continue;
    }
    // Small ones are over before the code has been compiled: the best of several, if they are not slow.
    const runs = [];
    const end = performance.now() + 1_000;
    do runs.push(await queue(make, count));
    while (runs.length < 20_000 / count && performance.now() < end);
    const nanos = Math.min(...runs.map(([nanos]) => nanos));
    tell("Node: backlog", row, name, nanos, "ns");
    // Now and then one run sees what another has left behind.
    const bytes = runs.map(([, bytes]) => bytes).sort((a, b) => a - b);
    tell("Node: memory of a waiter", row, name, bytes[bytes.length >> 1], "bytes");
    totals.push([count, nanos * count]);
  }
  const [[least, first], [largest, last]] = [totals[0], totals.at(-1)];
  if (largest > least) tell("Node: backlog", "slope", name, Math.log(last / first) / Math.log(largest / least), "power");
}

/** Each can be cancelled by a signal, and waits for a place that nobody leaves. */
const cancellable = {
  tollgate: () => {
    const gate = new Semaphore(0);
    return (signal) => gate.acquire({ signal });
  },
  "p-queue": () => {
    const queue = new PQueue({ concurrency: 1 });
    queue.add(() => new Promise(() => {}));
    return (signal) => queue.add(() => {}, { signal });
  },
};

/** Nanoseconds for each that is told to stop, and has been. */
async function cancel(make, order) {
  const wait = make();
  const controllers = Array.from({ length: CANCELLED }, () => new AbortController());
  let cancelled = 0;
  const all = controllers.map(({ signal }) => wait(signal).catch(() => cancelled++));
  const start = performance.now();
  for (const controller of order(controllers)) controller.abort();
  await Promise.all(all);
  const nanos = ((performance.now() - start) / CANCELLED) * 1e6;
  if (cancelled !== CANCELLED) throw new Error(`${cancelled} were cancelled of ${CANCELLED}`);
  return nanos;
}

const orders = { "oldest first": (all) => all, "newest first": (all) => all.reverse() };
for (const [row, order] of Object.entries(orders)) {
  for (const [name, make] of Object.entries(cancellable)) {
    let best = Infinity;
    for (let round = 0; round < 3; round++) best = Math.min(best, await cancel(make, order));
    tell("Node: cancel", row, name, best, "ns");
  }
}
