// One of fifty is told to wait: all stop at once, nobody sends before the time, and all are answered; to the millisecond.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createFetch, Throttle } from "tollgate";
import { fakeClock } from "./clock.mjs";
import { look } from "./helpers.mjs";
import { allFree } from "./loopback.mjs";

const CALLERS = 50;
const SLOTS = 10;

/** Fifty callers of a server that takes ten milliseconds and refuses some: what `refusal` answers to a number. */
async function fifty(t, refusal) {
  const clock = fakeClock(t);
  const throttle = new Throttle({ concurrency: SLOTS });
  const sent = [];
  let answers = 0;
  const fetch = createFetch({
    throttle,
    jitter: false,
    fetch: async () => {
      sent.push(clock.time);
      await new Promise((resolve) => setTimeout(resolve, 10));
      const headers = refusal(++answers);
      return headers ? new Response("later", { status: 429, headers }) : new Response("ok");
    },
  });
  const calls = Array.from({ length: CALLERS }, () => look(fetch("http://host/")));
  await clock.advance(20_000);
  assert.deepEqual(calls.map(({ value }) => value?.status), Array(CALLERS).fill(200));
  allFree(throttle, SLOTS, "all have been answered");
  const counts = new Map();
  for (const time of sent) counts.set(time, (counts.get(time) ?? 0) + 1);
  return [...counts];
}

const date = "Thu, 01 Jan 2026 00:00:00 GMT";
for (const [way, fields] of [
  ["in seconds", { "retry-after": "2" }],
  ["by a date", { date, "retry-after": "Thu, 01 Jan 2026 00:00:02 GMT" }],
  ["by a date of the old form", { date, "retry-after": "Thursday, 01-Jan-26 00:00:02 GMT" }],
]) {
  test(`told ${way}, not one is sent once it is known, and all are when it is over`, async (t) => {
    const sent = await fifty(t, (answer) => answer === 15 && fields);
    // At 20 ms four are answered, and four sent in their places, before the fifteenth is refused.
    assert.deepEqual(sent, [[0, 10], [10, 10], [20, 4], [2020, 10], [2030, 10], [2040, 7]]);
  });
}

test("a refusal that comes later extends the wait of all, and none cuts it short", async (t) => {
  const waits = ["2", "5", "1", "3"];
  const sent = await fifty(t, (answer) => waits[answer - 1] && { "retry-after": waits[answer - 1] });
  assert.deepEqual(sent, [[0, 10], [5010, 10], [5020, 10], [5030, 10], [5040, 10], [5050, 4]]);
});
