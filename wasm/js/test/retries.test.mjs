// createFetch and servers that have had enough: what is sent again, and when.

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { createFetch, Throttle } from "tollgate";
import { broken, ok, refused, setup, through, url } from "./answers.mjs";
import { fakeClock } from "./clock.mjs";
import { failure, look, settle } from "./helpers.mjs";

for (const [name, fields, wait] of [
  ["seconds", { "retry-after": "2" }, 2000],
  ["a date", { "retry-after": "Thu, 01 Jan 1970 00:00:07 GMT", date: "Thu, 01 Jan 1970 00:00:04 GMT" }, 3000],
  ["a date in the past", { "retry-after": "Thu, 01 Jan 1970 00:00:07 GMT" }, 0],
  ["RateLimit", { ratelimit: '"a";r=0;t=4' }, 4000],
  ["X-RateLimit", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "9", date: "Thu, 01 Jan 1970 00:00:04 GMT" }, 6000],
  ["nonsense", { "retry-after": "soon" }, 500],
  ["nothing", {}, 500],
]) {
  test(`a refusal with ${name} makes everybody wait as long, and is sent again`, async (t) => {
    const clock = fakeClock(t);
    const { fetch, throttle, sent } = setup(clock, [refused(fields), ok()]);
    const first = fetch(url);
    await settle();
    const second = fetch("http://host/b");
    await settle();
    assert.equal(throttle.inFlight, 0, "no slot is held meanwhile");
    const both = await through(clock, Promise.all([first, second]));
    assert.deepEqual(both.map(({ status }) => status), [200, 200]);
    const order = sent.map(([, to]) => new URL(to).pathname);
    assert.deepEqual(order, ["/a", "/a", "/b"], "it queues when it is refused, before who comes later");
    const late = sent[1][0] - wait;
    assert.ok(late >= 0 && late <= Math.min(5000, wait * 0.1 + 1), `${sent[1][0]} of ${wait}`);
  });
}

test("fifty at once, of which one is refused: nobody sends before the time, and all are answered", async (t) => {
  const clock = fakeClock(t);
  const throttle = new Throttle({ concurrency: 10 });
  const times = [];
  let calls = 0;
  const fetch = createFetch({
    throttle,
    fetch: async () => {
      times.push(clock.time);
      await new Promise((resolve) => setTimeout(resolve, 10));
      return ++calls === 15 ? refused({ "retry-after": "2" })() : ok()();
    },
  });
  const all = await through(clock, Promise.all(Array.from({ length: 50 }, () => fetch(url))));
  assert.ok(all.every(({ status }) => status === 200));
  // The fifteenth answer comes at 20 ms; those that were sent by then have been.
  const pause = times.filter((time) => time > 20 && time < 2020);
  assert.deepEqual(pause, []);
  assert.equal(times.length, 51);
});

test("by status, method, key and attempt", async (t) => {
  const clock = fakeClock(t);
  for (const [method, key, answer, count, options] of [
    ["GET", false, refused({ "retry-after": "1" }), 3],
    ["get", false, refused({}, 503), 3],
    ["DELETE", false, broken, 3],
    ["GET", false, refused(), 1, { retries: 0 }],
    ["GET", false, refused(), 6, { retries: 5 }],
    ["GET", false, refused({ "retry-after": "121" }), 1],
    ["GET", false, refused({ "retry-after": "3" }), 1, { maxRetryAfter: 2000 }],
    ["GET", false, refused({}, 500), 1],
    ["GET", false, refused({}, 404), 1],
    ["GET", false, refused({}, 500), 3, { retryOn: [500] }],
    ["POST", false, refused(), 1],
    ["PATCH", false, broken, 1],
    ["POST", true, refused(), 3],
    ["POST", false, refused(), 3, { methods: ["POST"] }],
    ["GET", false, broken, 1, { methods: ["POST"] }],
  ]) {
    const { fetch, sent, throttle } = setup(clock, [answer], options);
    const headers = key ? { "Idempotency-Key": "1" } : {};
    const asked = look(fetch(url, { method, headers }));
    await clock.advance(300_000);
    const name = `${method} ${JSON.stringify(options)}`;
    assert.equal(sent.length, count, name);
    assert.equal(asked.state, answer === broken ? "broken" : "kept", name);
    if (answer !== broken) assert.equal(await asked.value.text(), "later", "the last answer is what the caller gets");
    assert.equal(throttle.inFlight, 0, name);
  }
});

test("there is no wait after the last attempt, and none holds a slot", async (t) => {
  const clock = fakeClock(t);
  const { fetch, times, throttle } = setup(clock, [broken]);
  const asked = look(fetch(url));
  await clock.advance(1499);
  assert.deepEqual([asked.state, throttle.inFlight], ["pending", 0]);
  await clock.advance(1);
  assert.equal(asked.state, "broken");
  assert.deepEqual(times(), [0, 500, 1500]);
});

test("one who is refused for too long is told so, and the others wait up to the cap", async (t) => {
  const clock = fakeClock(t);
  const { fetch, times } = setup(clock, [refused({ "retry-after": "999999999999999999999" }), ok()]);
  assert.equal((await fetch(url)).status, 429);
  await through(clock, fetch(url));
  assert.deepEqual(times(), [0, 120_000]);
});

test("after the pause the rate starts from empty", async (t) => {
  const clock = fakeClock(t);
  const throttle = new Throttle({ capacity: 10, pacing: "bucket" });
  const { fetch, times } = setup(clock, [refused({ "retry-after": "2" }), ok()], { throttle });
  await through(clock, Promise.all(Array.from({ length: 10 }, () => fetch(url))));
  const after = times().filter((time) => time >= 2000);
  for (let index = 1; index < after.length; index++) assert.ok(after[index] - after[index - 1] >= 99, String(after));
});

test("onRetry is told, and what it throws is what the caller gets", async (t) => {
  const clock = fakeClock(t);
  const told = [];
  const onRetry = (info) => void told.push(info);
  const { fetch } = setup(clock, [broken, refused({ "retry-after": "2" }), ok()], { onRetry });
  await through(clock, fetch(url, { method: "PUT", body: "x" }));
  assert.deepEqual(told.map(({ attempt }) => attempt), [1, 2]);
  assert.equal(told[0].delay, 500);
  assert.ok(told[1].delay >= 2000 && told[1].delay <= 2200);
  assert.equal(told[0].error.message, "fetch failed");
  assert.equal(told[1].response.status, 429);
  assert.ok(told.every(({ request }) => request.url === url && request.method === "PUT"));
  for (const option of ["onRetry", "backoff"]) {
    const thrower = () => {
      throw new Error("mine");
    };
    const other = setup(clock, [broken], { [option]: thrower });
    assert.equal((await failure(other.fetch(url))).message, "mine");
    assert.equal(other.throttle.inFlight, 0);
  }
  const wrong = setup(clock, [broken], { backoff: () => -1 });
  assert.ok((await failure(wrong.fetch(url))) instanceof RangeError);
});

test("an abort ends a wait, wherever it is, and leaves no timer and no listener", async (t) => {
  const clock = fakeClock(t);
  for (const answer of [broken, refused({ "retry-after": "9" })]) {
    const { fetch, throttle, sent } = setup(clock, [answer]);
    const leaving = new AbortController();
    const { signal } = leaving;
    const asked = look(fetch(url, { signal }));
    await settle();
    assert.equal(asked.state, "pending");
    leaving.abort(new Error("enough"));
    await settle();
    assert.equal(asked.error?.message, "enough");
    assert.deepEqual([throttle.inFlight, throttle.waiting, sent.length], [0, 0, 1]);
    assert.equal(getEventListeners(signal, "abort").length, 0);
  }
  assert.equal(clock.timers, 0);
});

test("an aborted request is not sent again", async (t) => {
  const clock = fakeClock(t);
  const leaving = new AbortController();
  const { fetch, sent } = setup(clock, [
    () => {
      leaving.abort(new Error("enough"));
      throw leaving.signal.reason;
    },
  ]);
  assert.equal((await failure(fetch(url, { signal: leaving.signal }))).message, "enough");
  await clock.advance(10_000);
  assert.equal(sent.length, 1);
});

test("retries are a fifth of the requests, and ten", async (t) => {
  const clock = fakeClock(t);
  const throttle = new Throttle({ concurrency: 1000 });
  const { fetch, sent } = setup(clock, [broken], { throttle });
  const all = Array.from({ length: 100 }, () => look(fetch(url)));
  await clock.advance(10_000);
  assert.ok(all.every(({ state }) => state === "broken"));
  assert.equal(sent.length, 130);
});

test("options that make no sense are refused", () => {
  const throttle = new Throttle({ concurrency: 1 });
  for (const [options, Kind, name] of [
    [{ retries: -1 }, RangeError, "retries"],
    [{ retries: 1.5 }, RangeError, "retries"],
    [{ retries: "2" }, TypeError, "retries"],
    [{ maxRetryAfter: Number.NaN }, RangeError, "maxRetryAfter"],
    [{ maxRetryAfter: -1 }, RangeError, "maxRetryAfter"],
    [{ methods: "GET" }, TypeError, "methods"],
    [{ methods: ["GET", "a b"] }, RangeError, "methods[1]"],
    [{ methods: [1] }, TypeError, "methods[0]"],
    [{ retryOn: 500 }, TypeError, "retryOn"],
    [{ retryOn: [99] }, RangeError, "retryOn[0]"],
    [{ retryOn: ["500"] }, TypeError, "retryOn[0]"],
    [{ backoff: 1 }, TypeError, "backoff"],
    [{ onRetry: {} }, TypeError, "onRetry"],
  ]) {
    assert.throws(() => createFetch({ throttle, ...options }), (error) => error instanceof Kind && error.message.includes(name), JSON.stringify(options));
  }
});

test("backoff is asked only where there is something to wait for", async (t) => {
  const clock = fakeClock(t);
  const asked = [];
  const backoff = (attempt) => {
    asked.push(attempt);
    return 10;
  };
  const fine = setup(clock, [ok()], { backoff });
  await fine.fetch(url);
  const posted = setup(clock, [refused()], { backoff });
  assert.deepEqual(asked, []);
  await posted.fetch(url, { method: "POST" });
  assert.deepEqual(asked.splice(0), [1], "it is not sent again, but others wait");
  await clock.advance(9);
  assert.equal(posted.throttle.paused, true);
  await clock.advance(1);
  assert.equal(posted.throttle.paused, false);
  const failed = setup(clock, [broken], { backoff });
  await failure(failed.fetch(url, { method: "POST" }));
  assert.deepEqual(asked, []);
  const { fetch } = setup(clock, [refused(), broken, refused()], { backoff });
  await through(clock, fetch(url));
  assert.deepEqual(asked, [1, 2, 3]);
});

test("onRetry may take its time, and may say no", async (t) => {
  const clock = fakeClock(t);
  const { fetch, throttle } = setup(clock, [refused(), ok()], { onRetry: () => Promise.reject(new Error("no")) });
  assert.equal((await failure(fetch(url))).message, "no");
  assert.equal(throttle.inFlight, 0);
});

test("who is not let in again gets what the last attempt has come to", async (t) => {
  const clock = fakeClock(t);
  const answered = setup(clock, [refused({ "retry-after": "1" })], { jitter: false });
  const page = look(answered.fetch(url));
  await clock.advance(500);
  void answered.throttle.close();
  await clock.advance(1000);
  assert.equal(page.value?.status, 429);
  assert.equal(await page.value.text(), "later", "its body is there to be read");
  const failed = setup(clock, [broken]);
  const error = look(failed.fetch(url));
  await clock.advance(100);
  void failed.throttle.close();
  await clock.advance(1000);
  assert.equal(error.error?.message, "fetch failed");
  assert.deepEqual([answered.throttle.inFlight, failed.throttle.inFlight], [0, 0]);
});
