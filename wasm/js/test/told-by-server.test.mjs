// One of fifty is told to wait by a server on loopback: all stop, nobody sends before the time, and all are answered.
// Not in one file with tests on the fake clock: Node's `fetch` keeps the timers that it finds when it is first used.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createFetch, Throttle } from "tollgate";
import { allFree, serve } from "./loopback.mjs";

const CALLERS = 50;
const SLOTS = 10;
/** Which request is refused, and for how long. */
const REFUSED = 15;
const SECONDS = 2;

for (const [way, fields] of [
  ["in seconds", () => ({ "retry-after": String(SECONDS) })],
  [
    "by a date",
    () => {
      const now = Math.floor(Date.now() / 1000) * 1000;
      return { date: new Date(now).toUTCString(), "retry-after": new Date(now + SECONDS * 1000).toUTCString() };
    },
  ],
]) {
  test(`told ${way}, nobody sends before the time, and all get 200`, { timeout: 60_000 }, async (t) => {
    const server = await serve(t, (_request, response, number) => {
      setTimeout(() => response.writeHead(number === REFUSED ? 429 : 200, number === REFUSED ? fields() : {}).end("ok"), 20);
    });
    const throttle = new Throttle({ concurrency: SLOTS });
    const sent = [];
    let told;
    const fetch = createFetch({
      throttle,
      fetch: async (...args) => {
        sent.push(performance.now());
        const response = await globalThis.fetch(...args);
        if (response.status === 429) told = performance.now();
        return response;
      },
    });
    const statuses = await Promise.all(
      Array.from({ length: CALLERS }, async () => {
        const response = await fetch(server.url);
        assert.equal(await response.text(), "ok");
        return response.status;
      }),
    );
    assert.deepEqual(statuses, Array(CALLERS).fill(200));
    assert.equal(server.came.length, CALLERS + 1, "one was sent twice");
    const again = told + SECONDS * 1000;
    // Who was let in when the refusal came may still be on the way; that takes a moment, and the wait is far longer.
    const moment = 500;
    for (const times of [sent, server.came]) assert.deepEqual(times.filter((time) => time > told + moment && time < again), []);
    const before = sent.filter((time) => time <= told + moment).length;
    assert.ok(before < REFUSED + 2 * SLOTS, `${before} were sent before all had stopped`);
    allFree(throttle, SLOTS, way);
  });
}
