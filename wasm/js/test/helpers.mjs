// What several files of tests share.

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { settle } from "./clock.mjs";

export { settle };

/** What has become of a promise by now: "pending", or what it was kept or broken with. */
export function look(promise) {
  const seen = { state: "pending", value: undefined, error: undefined };
  promise.then(
    (value) => Object.assign(seen, { state: "kept", value }),
    (error) => Object.assign(seen, { state: "broken", error }),
  );
  return seen;
}

/** A promise to be kept by hand. */
export function promised() {
  let resolve;
  let reject;
  const promise = new Promise((...both) => ([resolve, reject] = both));
  return { promise, resolve, reject };
}

/** What a promise is broken with. */
export async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it was kept");
}

/** Numbers below a bound, the same in every run. */
export function random(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** The most that falls into any stretch of `period`, the first moment counted and the last not. */
export function worst(times, period) {
  let most = 0;
  for (let first = 0, last = 0; last < times.length; last++) {
    while (times[last] - times[first] >= period) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

const here = fileURLToPath(new URL("..", import.meta.url));

/** Runs a module in a Node of its own that can import `tollgate`; what it printed, and how long it took. */
export async function child(source, { flags = [], env = {}, limit = 20_000 } = {}) {
  const started = performance.now();
  const node = spawn(process.execPath, [...flags, "--input-type=module", "--eval", source], {
    cwd: here,
    env: { ...process.env, NODE_OPTIONS: "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  node.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
  node.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
  const alarm = setTimeout(() => node.kill("SIGKILL"), limit);
  const [code, killed] = await new Promise((resolve) => node.on("close", (...how) => resolve(how)));
  clearTimeout(alarm);
  return { code, killed, stdout: stdout.trim(), stderr: stderr.trim(), took: performance.now() - started };
}

let collector;

/** Collects garbage, until something holds or it is clear that it will not. */
export async function collected(holds) {
  if (!collector) {
    const [v8, vm] = await Promise.all([import("node:v8"), import("node:vm")]);
    v8.setFlagsFromString("--expose-gc");
    collector = vm.runInNewContext("gc");
  }
  for (let round = 0; round < 100 && !holds(); round++) {
    collector();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return holds();
}
