// createFetch and servers that fail: nothing hangs, nothing leaks, and every slot is there afterwards.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createFetch, Throttle } from "tollgate";
import { failure } from "./helpers.mjs";
import { allFree, nobody, serve, talk, until } from "./loopback.mjs";

const SLOTS = 3;
/** More than there are slots, so that some wait in the queue. */
const CALLERS = 12;
const limit = { timeout: 60_000 };

/** Some slots, and a fetch that does not wait long before it tries again. */
function setup(options = {}) {
  const throttle = new Throttle({ concurrency: SLOTS });
  return { throttle, fetch: createFetch({ throttle, backoff: () => 5, ...options }) };
}

/** What many callers get of a URL: a status and its text, or an error. */
function many(fetch, url, init, callers = CALLERS) {
  return Promise.all(
    Array.from({ length: callers }, async () => {
      try {
        const response = await fetch(url, typeof init === "function" ? init() : init);
        return { status: response.status, text: await response.text() };
      } catch (error) {
        return { error };
      }
    }),
  );
}

/** A half of what is announced. */
function half(response) {
  response.writeHead(200, { "content-length": "200000" });
  response.write(Buffer.alloc(100_000, "x"));
}

test("where nobody listens, each caller gets the error", limit, async () => {
  const { throttle, fetch } = setup();
  const url = await nobody();
  for (const method of ["GET", "POST"]) {
    const got = await many(fetch, url, { method });
    assert.ok(got.every(({ error }) => error instanceof TypeError && error.cause?.code === "ECONNREFUSED"), method);
    allFree(throttle, SLOTS, method);
  }
});

test("killed before it answers: what may be sent again is, and the rest gets the error", limit, async (t) => {
  const server = await serve(t, (request, response, number) => {
    if (request.method === "GET" && number > 1) response.end("ok");
    else request.socket.destroy();
  });
  const { throttle, fetch } = setup();
  assert.equal(await (await fetch(server.url)).text(), "ok");
  assert.equal(server.came.length, 2);
  const got = await many(fetch, server.url, { method: "POST" });
  assert.ok(got.every(({ error }) => error instanceof TypeError));
  assert.equal(server.came.length, 2 + CALLERS, "a POST is sent once");
  allFree(throttle, SLOTS, "killed before the answer");
});

test("killed while it answers: whoever reads is told, and who does not holds no slot", limit, async (t) => {
  const server = await serve(t, (request, response) => {
    half(response);
    setTimeout(() => request.socket.destroy(), 20);
  });
  const { throttle, fetch } = setup();
  const got = await many(fetch, server.url);
  assert.ok(got.every(({ error }) => error instanceof TypeError), "half an answer is not all of it");
  assert.equal(server.came.length, CALLERS, "an answer that has begun is not asked for again");
  await until(() => throttle.inFlight === 0, "a slot is lost");
  allFree(throttle, SLOTS, "read");
  const unread = await Promise.all(Array.from({ length: SLOTS }, () => fetch(server.url)));
  const cancelled = unread.map(({ body }) => body.cancel().catch(() => {}));
  await Promise.all(cancelled);
  allFree(throttle, SLOTS, "not read");
});

test("killed while the body of a refusal is on its way: it is a refusal all the same", limit, async (t) => {
  const server = await serve(t, (request, response, number) => {
    if (number > 1) return response.end("ok");
    response.writeHead(429, { "retry-after": "0", "content-length": "200000" });
    response.write(Buffer.alloc(100_000, "x"));
    setTimeout(() => request.socket.destroy(), 20);
  });
  const { throttle, fetch } = setup();
  assert.equal(await (await fetch(server.url)).text(), "ok");
  allFree(throttle, SLOTS, "a refusal that broke off");
});

test("one that never answers: each caller's time-out ends it, in the queue too", limit, async (t) => {
  const server = await serve(t, () => {});
  const { throttle, fetch } = setup();
  const got = await many(fetch, server.url, () => ({ signal: AbortSignal.timeout(200) }));
  assert.deepEqual(got.map(({ error }) => error?.name), Array(CALLERS).fill("TimeoutError"));
  // Those in the queue may get in for a moment when those before them give up, but none is sent again.
  assert.ok(server.came.length >= SLOTS && server.came.length <= CALLERS);
  await until(() => throttle.inFlight === 0, "a slot is lost");
  allFree(throttle, SLOTS, "no answer");
});

test("one that never goes on: a time-out while the body is read ends it", limit, async (t) => {
  const server = await serve(t, (_request, response) => half(response));
  const { throttle, fetch } = setup();
  const got = await many(fetch, server.url, () => ({ signal: AbortSignal.timeout(300) }));
  assert.deepEqual(got.map(({ error }) => error?.name), Array(CALLERS).fill("TimeoutError"));
  await until(() => throttle.inFlight === 0, "a slot is lost");
  allFree(throttle, SLOTS, "half an answer");
});

for (const [name, headers] of [
  ["429 for ever", { "retry-after": "0" }],
  ["429 for ever that says nothing", {}],
]) {
  test(`${name}: each caller gets it in the end, and the server no storm`, limit, async (t) => {
    const server = await serve(t, (_request, response) => response.writeHead(429, headers).end("later"));
    const { throttle, fetch } = setup();
    const callers = 50;
    const got = await many(fetch, server.url, undefined, callers);
    assert.deepEqual(got, Array(callers).fill({ status: 429, text: "later" }));
    // A fifth of them, and ten: of two each.
    assert.ok(server.came.length <= callers + callers / 5 + 10, `${server.came.length} requests`);
    assert.ok(server.came.length > callers);
    throttle.resume();
    allFree(throttle, SLOTS, name);
  });
}

const CENTURY = 100 * 365.25 * 86_400;
for (const [name, wait] of [
  ["of seconds", String(CENTURY)],
  ["of more digits than a number has", "9".repeat(400)],
  ["by a date", new Date(Date.now() + CENTURY * 1000).toUTCString()],
]) {
  test(`told to wait for a century, ${name}: the caller is told at once, the others wait and may give up`, limit, async (t) => {
    const server = await serve(t, (_request, response, number) =>
      number === 1 ? response.writeHead(429, { "retry-after": wait }).end("later") : response.end("ok"),
    );
    const { throttle, fetch } = setup();
    const first = await fetch(server.url);
    assert.deepEqual([first.status, await first.text()], [429, "later"]);
    assert.equal(throttle.paused, true);
    // No longer than the cap.
    assert.ok(throttle.check().wait <= 120_000);
    const got = await many(fetch, server.url, () => ({ signal: AbortSignal.timeout(50) }));
    assert.deepEqual(got.map(({ error }) => error?.name), Array(CALLERS).fill("TimeoutError"));
    assert.equal(server.came.length, 1, "nobody was sent");
    throttle.resume();
    allFree(throttle, SLOTS, name);
    assert.equal(await (await fetch(server.url)).text(), "ok");
    allFree(throttle, SLOTS, "once more");
  });
}

test("fields that make no sense are as none", limit, async (t) => {
  const strange = ["", " ", "soon", "-1", "+1", "1.5", "1e3", "0x10", "1,2", "NaN", "Thu, 32 Jan 2026 00:00:00 GMT", "Xyz, 01 Jan 2026", "\x80\xff", "\u00b2", ";;;", "a".repeat(2000)];
  const names = ["retry-after", "date", "ratelimit", "x-ratelimit-remaining", "x-ratelimit-reset"];
  let fields = {};
  const { url } = await serve(t, (_request, response) => {
    response.sendDate = false;
    for (const [name, value] of Object.entries(fields)) response.setHeader(name, value);
    response.writeHead(429).end("later");
  });
  for (const value of strange) {
    fields = Object.fromEntries(names.map((name) => [name, value]));
    // Each has rules of its own: there is a budget for retries.
    const delays = [];
    const { throttle, fetch } = setup({ onRetry: ({ delay }) => void delays.push(delay) });
    const response = await fetch(url);
    const what = JSON.stringify(value.slice(0, 40));
    assert.deepEqual([response.status, await response.text()], [429, "later"], what);
    assert.deepEqual(delays, [5, 5], `${what}: as long as backoff says`);
    throttle.resume();
    allFree(throttle, SLOTS, what);
  }
});

for (const [name, answer] of [
  ["a status of four digits", "HTTP/1.1 4290 Later\r\ncontent-length: 0\r\n\r\n"],
  ["two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello"],
  ["a chunk that is none", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n"],
  ["a field that is too long", `HTTP/1.1 429 Later\r\nretry-after: ${"5".repeat(100_000)}\r\n\r\n`],
  ["no HTTP at all", "\0\x01\x02 what is this?\r\n\r\n"],
  ["half a field, and then the end", "HTTP/1.1 429 Later\r\nretry-aft"],
]) {
  test(`an answer with ${name} is an error, and the slot is free`, limit, async (t) => {
    const url = await talk(t, (socket) => socket.end(answer, "latin1"));
    const { throttle, fetch } = setup();
    const got = await many(fetch, url);
    assert.ok(got.every(({ error }) => error instanceof TypeError), name);
    await until(() => throttle.inFlight === 0, "a slot is lost");
    allFree(throttle, SLOTS, name);
  });
}

test("all faults at once, and callers who leave: every slot is there in the end", limit, async (t) => {
  const answers = [
    (request) => request.socket.destroy(),
    (request, response) => (half(response), setTimeout(() => request.socket.destroy(), 10)),
    () => {},
    (_request, response) => response.writeHead(429, { "retry-after": "0" }).end(),
    (_request, response) => response.writeHead(503, { "retry-after": "never" }).end(),
    (_request, response) => response.end("ok"),
    (_request, response) => half(response),
  ];
  const server = await serve(t, (request, response, number) => answers[number % answers.length](request, response));
  const { throttle, fetch } = setup();
  const got = await many(fetch, server.url, () => ({ signal: AbortSignal.timeout(400) }), 60);
  assert.ok(got.every(({ status, error }) => status !== undefined || error !== undefined));
  await until(() => throttle.inFlight === 0, "a slot is lost");
  throttle.resume();
  allFree(throttle, SLOTS, "after all that");
  assert.ok((await failure(fetch(await nobody()))) instanceof TypeError);
  allFree(throttle, SLOTS, "and once more");
});
