// Asks the rules of the npm package for what a table from Rust has, row by row: `cargo run -p tollgate-verdicts | node compare.mjs`.
//
// The package has no export for that: `createFetch` asks `Retries`, in wasm/js/src/retries.ts, and so does this.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const packaged = new URL("../../wasm/js/", import.meta.url);
const { build } = createRequire(new URL("package.json", packaged))("esbuild");
const { Throttle } = await import(new URL("dist/index.js", packaged));

const entry = fileURLToPath(new URL("src/retries.ts", packaged));
const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: "esm", target: "es2022", write: false });
const { Retries } = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);

/** The engine of the package as it was built. */
const { engine } = new Throttle({ concurrency: 1 });
const NAMES = ["retry-after", "date", "ratelimit", "x-ratelimit-remaining", "x-ratelimit-reset"];

/** What the rules are told of time and chance; all else in this process has no use for it. */
let now = 0;
let wall = 0;
let seed = 0;
performance.now = () => now;
Date.now = () => wall;
Math.random = () => seed;

function response(status, texts) {
  const headers = new Headers();
  for (const [index, text] of texts.entries()) if (text !== null) headers.set(NAMES[index], text);
  return { status, headers };
}

/** The same, but for the last bit: which one comes of it depends on how nanoseconds are made milliseconds. */
const alike = (one, other) => Math.abs(one - other) <= Math.abs(other) * 2 ** -52;
const millis = (nanos) => (nanos < 0 ? -1 : nanos / 1e6);

let cases;
let ended = false;
let rules;
const seen = { rows: 0, retried: 0, later: 0, heldOff: 0, remaining: 0, answers: 0 };
for await (const line of createInterface({ input: process.stdin })) {
  const row = JSON.parse(line);
  if (row[0] === "cases") cases = row[1];
  else if (row[0] === "end") ended = true;
  else if (row[0] === "rules") {
    let retries, maxRetryAfter, flags, statuses;
    [, retries, maxRetryAfter, flags, seed, statuses] = row;
    rules = new Retries(engine, retries ?? undefined, maxRetryAfter ?? undefined, flags, statuses);
  } else {
    let mayRepeat, again, status, backoff, texts, retry, holdOff, remaining;
    [mayRepeat, again, status, wall, now, backoff, texts, retry, holdOff, remaining] = row;
    const verdict = rules.judge(mayRepeat, again, status === 0 ? undefined : response(status, texts), backoff);
    const inRust = { retry: millis(retry), holdOff: millis(holdOff), remaining };
    // One by one: what throws with a text of its own makes that text for each of a million rows.
    const same = Object.keys(inRust).every((what) => alike(verdict[what], inRust[what]));
    if (!same) assert.deepEqual(verdict, inRust, `row ${seen.rows}: ${line}\nin Rust ${JSON.stringify(inRust)}; through wasm ${JSON.stringify(verdict)}`);
    seen.rows++;
    seen.answers += Number(status !== 0);
    seen.retried += Number(retry >= 0);
    seen.later += Number(retry > 0);
    seen.heldOff += Number(holdOff > 0);
    seen.remaining += Number(remaining >= 0);
  }
}
assert.ok(ended, "the table has no end");
assert.equal(seen.rows, cases);
// A table in which nothing happens would show nothing.
for (const [what, count] of Object.entries(seen)) assert.ok(count > cases / 50, `${what}: only ${count} of ${cases}`);
console.log(`${seen.rows} rows alike; ${seen.retried} sent again, ${seen.later} of them later; ${seen.heldOff} made all hold off`);
