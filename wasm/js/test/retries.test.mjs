// createFetch and servers that have had enough.

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { createFetch, Throttle } from "tollgate";
import { fakeClock } from "./clock.mjs";
import { failure, look, settle } from "./helpers.mjs";

const url = "http://host/a";
const refused = (fields = {}, status = 429) => () => new Response("later", { status, headers: fields });
const ok = (text = "ok") => () => new Response(text);
const broken = () => {
  throw new TypeError("fetch failed");
};

/** A fetch whose server answers as told, the last for ever; and what was sent when. */
function setup(clock, answers, options = {}) {
  const sent = [];
  const throttle = new Throttle({ concurrency: 10 });
  const fetch = createFetch({
    throttle,
    backoff: (attempt) => attempt * 500,
    fetch: async (input, init) => {
      sent.push([clock.time, input instanceof Request ? input.url : String(input), init]);
      return (answers[sent.length - 1] ?? answers.at(-1))(input, init);
    },
    ...options,
  });
  return { fetch, throttle, sent, times: () => sent.map(([time]) => time) };
}

/** Takes all who wait for time through it. */
async function through(clock, promise, ms = 300_000) {
  const seen = look(promise);
  await clock.advance(ms);
  assert.notEqual(seen.state, "pending");
  if (seen.state === "broken") throw seen.error;
  return seen.value;
}

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

test("a host that refuses holds up no other", async (t) => {
  const clock = fakeClock(t);
  const sent = [];
  const fetch = createFetch({
    perHost: { concurrency: 2 },
    fetch: async (to) => {
      sent.push([clock.time, to]);
      return to === "http://a/" && sent.length === 1 ? refused({ "retry-after": "10" })() : ok()();
    },
  });
  const all = Promise.all(["http://a/", "http://b/", "http://a/"].map((to) => fetch(to)));
  await through(clock, all);
  assert.deepEqual(sent.filter(([time]) => time === 0).map(([, to]) => to), ["http://a/", "http://b/", "http://a/"]);
  assert.equal(sent.length, 4);
  assert.ok(sent[3][0] >= 10_000);
});

test("after the pause the rate starts from empty", async (t) => {
  const clock = fakeClock(t);
  const throttle = new Throttle({ capacity: 10, pacing: "bucket" });
  const { fetch, times } = setup(clock, [refused({ "retry-after": "2" }), ok()], { throttle });
  await through(clock, Promise.all(Array.from({ length: 10 }, () => fetch(url))));
  const after = times().filter((time) => time >= 2000);
  for (let index = 1; index < after.length; index++) assert.ok(after[index] - after[index - 1] >= 99, String(after));
});

test("bodies in memory and those of requests are sent again, streams are not", async (t) => {
  const clock = fakeClock(t);
  const bodies = [];
  const server = [refused({ "retry-after": "1" }), ok()].map((answer) => async (input, init) => {
    bodies.push(await new Request(input, init).text());
    return answer();
  });
  const put = { method: "PUT", body: "text" };
  for (const [input, init, sent] of [
    [url, put, ["text", "text"]],
    [new Request(url, put), undefined, ["text", "text"]],
    [new Request(url), put, ["text", "text"]],
    [url, { method: "PUT", body: new Response("text").body, duplex: "half" }, ["text"]],
  ]) {
    for (const cost of [undefined, () => 1]) {
      bodies.length = 0;
      const asked = setup(clock, server, cost && { cost });
      const again = typeof input === "string" ? input : input.clone();
      const fresh = init?.body instanceof ReadableStream ? { ...init, body: new Response("text").body } : init;
      await through(clock, asked.fetch(again, fresh));
      assert.deepEqual(bodies, sent);
    }
  }
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

test("whatever the answer is, it is handed over, and its slot comes back", async (t) => {
  const clock = fakeClock(t);
  const strange = (properties, body = null) => Object.defineProperties(new Response(body), Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, { value }])));
  const locked = new Response("x");
  locked.body.getReader();
  // Node hands over names of fields with spaces in them, but lets nobody make such a response.
  const spaced = strange({ headers: new Map([["a name", "1"]]) }, "x");
  for (const answer of [spaced, strange({ status: 999 }, "x"), strange({ body: undefined }), strange({ body: { pipe() {} } }), locked]) {
    const { fetch, throttle } = setup(clock, [() => answer]);
    assert.equal(await fetch(url), answer);
    assert.equal(throttle.inFlight, 0);
  }
});

test("chunks are copied, whatever they are made of, and what is no bytes fails", async (t) => {
  const clock = fakeClock(t);
  const chunk = Buffer.from("hello");
  const of = (chunk) => () => new Response(new ReadableStream({ start: (controller) => (controller.enqueue(chunk), controller.close()) }));
  const { fetch } = setup(clock, [of(chunk)]);
  assert.equal(await (await fetch(url)).text(), "hello");
  assert.equal(chunk.toString(), "hello", "it is as it was");
  assert.equal(Buffer.from("others").toString(), "others");
  const words = setup(clock, [of("hello")]);
  assert.ok((await failure((await words.fetch(url)).text())) instanceof TypeError);
  assert.equal(words.throttle.inFlight, 0);
});

test("where there are no streams of bytes, a plain one does", async (t) => {
  const clock = fakeClock(t);
  // Node's own responses are made of what is about to be missing.
  const answer = new Response("hello");
  const Real = globalThis.ReadableStream;
  globalThis.ReadableStream = class extends Real {
    constructor(source, strategy) {
      if (source?.type === "bytes") throw new TypeError("not implemented");
      super(source, strategy);
    }
  };
  t.after(() => {
    globalThis.ReadableStream = Real;
  });
  const { fetch, throttle } = setup(clock, [() => answer], { retries: 0 });
  const response = await fetch(url);
  assert.equal(await response.text(), "hello");
  assert.equal(throttle.inFlight, 0);
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

test("what init leaves out or empties is the request's", async (t) => {
  const clock = fakeClock(t);
  const bodies = [];
  const server = [refused({ "retry-after": "0" }), ok()].map((answer) => async (input, init) => {
    bodies.push(await new Request(input, init).text());
    return answer();
  });
  const told = [];
  const { fetch } = setup(clock, server, { onRetry: ({ request }) => void told.push([request.method, request.headers.get("a")]) });
  await through(clock, fetch(new Request(url, { method: "PUT", body: "text", headers: { a: "b" } }), { body: null }));
  assert.deepEqual(bodies, ["text", "text"]);
  assert.deepEqual(told, [["PUT", "b"]]);
  const leaving = new AbortController();
  const waits = setup(clock, [refused({ "retry-after": "60" })]);
  const asked = look(waits.fetch(new Request(url, { signal: leaving.signal }), { signal: undefined }));
  await settle();
  leaving.abort(new Error("enough"));
  await settle();
  assert.equal(asked.error?.message, "enough");
  const posts = setup(clock, [refused(), ok()], { methods: ["post"] });
  assert.equal((await through(clock, posts.fetch(url, { method: "POST" }))).status, 200);
});

test("onRetry may take its time, and may say no", async (t) => {
  const clock = fakeClock(t);
  const { fetch, throttle } = setup(clock, [refused(), ok()], { onRetry: () => Promise.reject(new Error("no")) });
  assert.equal((await failure(fetch(url))).message, "no");
  assert.equal(throttle.inFlight, 0);
});

test("per host, calls count until answered unless told otherwise, though it be told undefined", async (t) => {
  const clock = fakeClock(t);
  const times = [];
  const fetch = createFetch({
    perHost: { capacity: 1, period: 100, counting: undefined },
    fetch: async () => {
      times.push(clock.time);
      await new Promise((resolve) => setTimeout(resolve, 50));
      return ok()();
    },
  });
  await through(clock, Promise.all([fetch(url), fetch(url)]));
  assert.deepEqual(times, [0, 150]);
});

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

test("limits per host are tightened for that host alone", async (t) => {
  const clock = fakeClock(t);
  const answer = () => new Response("ok", { headers: { ratelimit: '"a";r=0;t=5' } });
  const { fetch, sent } = setup(clock, [answer, answer, ok()], { throttle: undefined, perHost: { capacity: 10 }, heedRateLimitFields: true });
  await fetch("http://one/");
  const [same, other] = [look(fetch("http://one/")), look(fetch("http://two/"))];
  await clock.advance(4000);
  assert.deepEqual([same.state, other.state], ["pending", "kept"]);
  await clock.advance(6000);
  assert.equal(same.state, "kept");
  assert.equal(sent.length, 3);
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

test("the body of a refusal is cancelled when the next attempt begins, or when its caller gives up", async (t) => {
  const clock = fakeClock(t);
  const cancelled = [];
  const answer = () => new Response(new ReadableStream({ cancel: () => void cancelled.push(clock.time) }), { status: 429, headers: { "retry-after": "1" } });
  const again = setup(clock, [answer, ok()], { jitter: false });
  await through(clock, again.fetch(url), 1000);
  const start = clock.time;
  const gone = setup(clock, [answer], { jitter: false });
  const controller = new AbortController();
  const seen = look(gone.fetch(url, { signal: controller.signal }));
  await clock.advance(300);
  controller.abort("enough");
  await clock.advance(1);
  assert.equal(seen.error, "enough");
  assert.deepEqual(cancelled, [1000, start + 300]);
});

test("headers that can be gone through but once are sent, and sent again", async (t) => {
  const clock = fakeClock(t);
  const keys = [];
  const answer = (status) => (input, init) => {
    keys.push(new Request(input, init).headers.get("key"));
    return new Response("", { status, headers: { "retry-after": "0" } });
  };
  const { fetch } = setup(clock, [answer(429), answer(200)]);
  const headers = new Map([["key", "value"]]).entries();
  assert.equal((await through(clock, fetch(url, { headers }))).status, 200);
  assert.deepEqual(keys, ["value", "value"]);
});

test("a request whose body has been used is not sent again and again", async (t) => {
  const clock = fakeClock(t);
  const { fetch, sent } = setup(clock, [(input, init) => new Response("", new Request(input, init))]);
  const request = new Request(url, { method: "PUT", body: "text" });
  await request.text();
  const seen = look(fetch(request));
  await settle();
  assert.ok(seen.error instanceof TypeError);
  assert.equal(sent.length, 1);
});

test("a host's schemes and ports are servers of their own", async (t) => {
  const clock = fakeClock(t);
  const { fetch, sent } = setup(clock, [() => new Promise(() => {})], { throttle: undefined, perHost: { concurrency: 1 } });
  for (const url of ["http://a/1", "http://a:80/2", "https://a/3", "https://a:443/4", "http://a:81/5"]) void fetch(url);
  await settle();
  assert.deepEqual(sent.map(([, url]) => url), ["http://a/1", "https://a/3", "http://a:81/5"]);
});
