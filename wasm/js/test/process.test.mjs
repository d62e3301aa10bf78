// A process ends when its work is done, not before, and not later.

import assert from "node:assert/strict";
import { test } from "node:test";
import { child } from "./helpers.mjs";

/** What a process of its own printed that ended by itself. */
async function run(source) {
  const { code, killed, stdout, stderr, took } = await child(`import { Keyed, Semaphore, Throttle, createFetch } from "tollgate";\n${source}`);
  assert.equal(killed, null, `it did not end: ${stdout}`);
  assert.equal(stderr, "");
  assert.equal(code, 0);
  return { stdout, took };
}

test("it ends at once when nobody waits, whatever is still to come back by time", async () => {
  const { stdout } = await run(`
    const gate = new Throttle({ capacity: 1, period: 3_600_000, concurrency: 1, cooldown: 3_600_000, counting: "answered" });
    await gate.run(() => console.log("done"));
    gate.pause(3_600_000);
    const keyed = new Keyed(() => new Semaphore(1), { idle: 3_600_000 });
    await keyed.run("key", () => {});
  `);
  assert.equal(stdout, "done");
});

test("it does not end while somebody waits on time", async () => {
  const { stdout, took } = await run(`
    const gate = new Throttle({ capacity: 1, period: 300 });
    for (const name of ["first", "second"]) gate.run(() => console.log(name));
    const paused = new Throttle({ capacity: 5 });
    paused.pause(100);
    paused.acquire().then(() => console.log("after the pause"));
    new Semaphore(0).acquire({ timeout: 200 }).catch((error) => console.log(error.code));
  `);
  assert.deepEqual(stdout.split("\n"), ["first", "after the pause", "timeout", "second"]);
  assert.ok(took >= 300);
});

test("it ends when those who waited on time have given up or were turned away", async () => {
  await run(`
    const hour = { capacity: 1, period: 3_600_000 };
    const [left, cleared, closed, timed] = [1, 2, 3, 4].map(() => new Throttle(hour));
    for (const gate of [left, cleared, closed, timed]) gate.tryAcquire();
    const leaving = new AbortController();
    const ends = [left.acquire({ signal: leaving.signal }), cleared.acquire(), closed.acquire(), timed.acquire({ timeout: 50 })];
    leaving.abort();
    cleared.clear();
    closed.close();
    await Promise.allSettled(ends);
  `);
});

test("it ends though somebody waits for what can only come from itself, and says so as Node does", async () => {
  // Nobody will ever release: there is nothing to wait for.
  const { code, killed } = await child(`
    import { Semaphore } from "tollgate";
    await new Semaphore(0).acquire();
  `);
  assert.equal(killed, null);
  assert.equal(code, 13);
});
