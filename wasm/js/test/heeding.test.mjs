// createFetch and what a server says of its limits besides 429.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Throttle } from "tollgate";
import { ok, refused, setup, through, url } from "./answers.mjs";
import { fakeClock } from "./clock.mjs";

for (const [name, fields] of [
  ["nothing remains", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "3", date: "Thu, 01 Jan 1970 00:00:02 GMT" }],
  ["come again later", { "retry-after": "2" }],
]) {
  test(`a 403 that says "${name}" is a refusal if that is asked for`, async (t) => {
    const clock = fakeClock(t);
    const plain = setup(clock, [refused(fields, 403), ok()], { jitter: false });
    assert.equal((await through(clock, plain.fetch(url))).status, 403);
    assert.equal(plain.throttle.paused, false);
    const asked = setup(clock, [refused(fields, 403), ok()], { jitter: false, forbiddenMayMeanLater: true });
    const start = clock.time;
    assert.equal((await through(clock, asked.fetch(url))).status, 200);
    assert.deepEqual(asked.times(), [start, start + 2000]);
  });
}

test("a 403 that says nothing of the kind is an answer, and one without a time waits as the back-off says", async (t) => {
  const clock = fakeClock(t);
  const options = { jitter: false, forbiddenMayMeanLater: true };
  const never = setup(clock, [refused({ "x-ratelimit-remaining": "7" }, 403)], options);
  assert.equal((await through(clock, never.fetch(url))).status, 403);
  assert.equal(never.sent.length, 1);
  const later = setup(clock, [refused({ "x-ratelimit-remaining": "0" }, 403), ok()], options);
  const start = clock.time;
  assert.equal((await through(clock, later.fetch(url))).status, 200);
  assert.deepEqual(later.times(), [start, start + 500]);
});

test("RateLimit fields of a response that is no refusal are heeded if that is asked for, and only tighten", async (t) => {
  const clock = fakeClock(t);
  const left = (remaining, reset) => () => new Response("ok", { headers: { ratelimit: `"a";r=${remaining};t=${reset}` } });
  for (const [heed, answer, then, after] of [
    [false, left(3, 5), 9, 9],
    [true, left(3, 5), 3, 9],
    [true, left(50, 5), 9, 9],
    [true, left(0, 5), 0, 0],
    [true, () => new Response("ok", { headers: { ratelimit: "nonsense;" } }), 9, 9],
  ]) {
    const throttle = new Throttle({ capacity: 10, period: 1000 });
    const { fetch } = setup(clock, [answer], { throttle, heedRateLimitFields: heed });
    await fetch(url);
    assert.equal(throttle.available, then);
    assert.equal(throttle.paused, then === 0);
    await clock.advance(then === 0 ? 4900 : 990);
    assert.equal(throttle.paused, after === 0);
    await clock.advance(10_000);
    assert.equal(throttle.available, 10);
  }
});
