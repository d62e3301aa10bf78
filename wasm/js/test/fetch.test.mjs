// createFetch with a `fetch` that answers as it is told.

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { createFetch, Throttle } from "tollgate";
import { fakeClock } from "./clock.mjs";
import { collected, failure, look, promised, settle } from "./helpers.mjs";

const url = "https://api.example/items";

/** A body that is written by hand. */
function body() {
  const written = { cancelled: undefined };
  written.stream = new ReadableStream({
    start: (controller) => (written.controller = controller),
    cancel: (reason) => (written.cancelled = reason ?? "cancelled"),
  });
  written.write = (length) => written.controller.enqueue(new Uint8Array(length).fill(97));
  written.end = () => written.controller.close();
  return written;
}

/** One slot, and what the next answers are. */
function setup(...answers) {
  const throttle = new Throttle({ concurrency: 1 });
  const sent = [];
  const fetch = createFetch({
    throttle,
    fetch: async (...args) => {
      sent.push(args);
      const answer = answers.shift();
      return typeof answer === "function" ? answer() : answer;
    },
  });
  return { throttle, fetch, sent };
}

test("the slot is held until the body has been read to its end", async () => {
  const big = body();
  const { throttle, fetch, sent } = setup(new Response(big.stream), new Response("next"));
  const response = await fetch(url);
  const next = look(fetch(url));
  big.write(100_000);
  const text = response.text();
  await settle();
  assert.equal(sent.length, 1);
  assert.equal(throttle.inFlight, 1);
  big.end();
  assert.equal((await text).length, 100_000);
  await settle();
  assert.equal(sent.length, 2);
  assert.equal(await next.value.text(), "next");
  assert.equal(throttle.inFlight, 0);
});

test("a small response frees its slot though nobody reads it, and can still be read", async () => {
  const small = body();
  const { throttle, fetch } = setup(new Response(small.stream, { status: 500 }));
  const response = await fetch(url);
  assert.equal(response.ok, false);
  small.write(30_000);
  small.write(30_000);
  await settle();
  assert.equal(throttle.inFlight, 1);
  small.end();
  await settle();
  assert.equal(throttle.inFlight, 0);
  assert.equal((await response.text()).length, 60_000);
});

test("of a large one that nobody reads no more than 64 KB are taken, and its slot is held", async () => {
  const throttle = new Throttle({ concurrency: 1 });
  let taken = 0;
  const stream = new ReadableStream({
    pull: (controller) => {
      controller.enqueue(new Uint8Array(16 * 1024));
      if (++taken === 100) controller.close();
    },
  }, { highWaterMark: 0 });
  const fetch = createFetch({ throttle, fetch: async () => new Response(stream) });
  const response = await fetch(url);
  for (let round = 0; round < 20; round++) await settle();
  assert.ok(taken >= 4 && taken <= 5, `${taken} chunks were taken`);
  assert.equal(throttle.inFlight, 1);
  assert.equal((await response.arrayBuffer()).byteLength, 100 * 16 * 1024);
  assert.equal(throttle.inFlight, 0);
});

test("cancelling the body frees the slot, and is passed on", async () => {
  const big = body();
  const { throttle, fetch } = setup(new Response(big.stream));
  const response = await fetch(url);
  big.write(100_000);
  // Nothing is being read just now.
  await settle();
  await response.body.cancel("not wanted");
  assert.equal(throttle.inFlight, 0);
  assert.equal(big.cancelled, "not wanted");
});

test("a reader that stops half way frees the slot", async () => {
  const big = body();
  const { throttle, fetch } = setup(new Response(big.stream));
  const response = await fetch(url);
  big.write(100_000);
  for await (const chunk of response.body) {
    assert.ok(chunk.byteLength > 0);
    break;
  }
  assert.equal(throttle.inFlight, 0);
  assert.ok(big.cancelled);
});

test("a body that fails frees the slot, and the reader is told why", async () => {
  const big = body();
  const { throttle, fetch } = setup(new Response(big.stream));
  const response = await fetch(url);
  big.write(100_000);
  const text = failure(response.text());
  const error = new Error("the line is dead");
  big.controller.error(error);
  assert.equal(await text, error);
  assert.equal(throttle.inFlight, 0);
});

test("a body that nobody keeps frees the slot when it is collected", async () => {
  const big = body();
  const { throttle, fetch } = setup(new Response(big.stream));
  await (async () => {
    const response = await fetch(url);
    big.write(200_000);
    assert.equal(response.status, 200);
  })();
  await settle();
  assert.equal(throttle.inFlight, 1);
  assert.ok(await collected(() => throttle.inFlight === 0), "the slot is lost");
  assert.ok(big.cancelled);
});

test("a response without a body frees the slot at once", async () => {
  const { throttle, fetch } = setup(new Response(null, { status: 204 }), Response.error());
  assert.equal((await fetch(url)).status, 204);
  assert.equal(throttle.inFlight, 0);
  assert.equal((await fetch(url)).type, "error");
  assert.equal(throttle.inFlight, 0);
});

test("a fetch that fails frees the slot, be it at once or later, and so does an answer that is none", async () => {
  const error = new TypeError("fetch failed");
  const thrower = () => {
    throw error;
  };
  const throttle = new Throttle({ concurrency: 1 });
  for (const broken of [thrower, async () => thrower()]) {
    assert.equal(await failure(createFetch({ throttle, fetch: broken, retries: 0 })(url)), error);
    assert.equal(throttle.inFlight, 0);
  }
  const used = new Response("used");
  await used.text();
  for (const answer of [undefined, null, {}, used]) {
    assert.ok((await failure(createFetch({ throttle, fetch: async () => answer })(url))) instanceof TypeError);
    assert.equal(throttle.inFlight, 0, String(answer));
  }
});

test("status, headers, url, redirected and type are those of the answer", async () => {
  const answer = new Response("text", { status: 418, statusText: "Teapot", headers: { "x-mine": "1" } });
  for (const [name, value] of Object.entries({ url: "https://elsewhere.example/", redirected: true, type: "cors" })) {
    Object.defineProperty(answer, name, { value });
  }
  const { fetch } = setup(answer);
  const response = await fetch(url);
  assert.ok(response instanceof Response);
  const read = ({ status, statusText, url, redirected, type, headers }) => [status, statusText, url, redirected, type, headers.get("x-mine")];
  const expected = [418, "Teapot", "https://elsewhere.example/", true, "cors", "1"];
  assert.deepEqual(read(response), expected);
  const copy = response.clone();
  assert.deepEqual(read(copy), expected);
  assert.deepEqual(read(copy.clone()), expected);
  assert.equal(await copy.text(), "text");
  assert.equal(await response.text(), "text");
  assert.throws(() => response.clone(), TypeError);
});

test("of a clone, the slot is held until both have what they want", async () => {
  const big = body();
  const { throttle, fetch } = setup(new Response(big.stream));
  const response = await fetch(url);
  const copy = response.clone();
  big.write(100_000);
  const [one, two] = [response.text(), copy.text()];
  await settle();
  assert.equal(throttle.inFlight, 1);
  big.end();
  assert.deepEqual([(await one).length, (await two).length], [100_000, 100_000]);
  assert.equal(throttle.inFlight, 0);
});

test("one who reads into buffers of its own gets it all, and frees the slot", async () => {
  const big = body();
  const { throttle, fetch } = setup(new Response(big.stream));
  const response = await fetch(url);
  big.write(100_000);
  const reader = response.body.getReader({ mode: "byob" });
  big.end();
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read(new Uint8Array(40_000));
    if (done) break;
    length += value.byteLength;
  }
  assert.equal(length, 100_000);
  assert.equal(throttle.inFlight, 0);
});

test("what is sent is what was given, and only when it is let in", async () => {
  const { throttle, fetch, sent } = setup(new Response("a"), new Response("b"));
  const permit = await throttle.acquire();
  const init = { method: "POST", body: "text" };
  const request = new Request(url);
  const both = [fetch(url, init), fetch(request)];
  await settle();
  assert.equal(sent.length, 0);
  permit.release();
  await Promise.all(both);
  assert.deepEqual(sent[0], [url, init]);
  assert.equal(sent[1][0], request);
});

test("a signal gives up the place in the queue, and nothing is sent", async () => {
  const { throttle, fetch, sent } = setup();
  const permit = await throttle.acquire();
  const leaving = new AbortController();
  const { signal } = leaving;
  const calls = [fetch(url, { signal }), fetch(new Request(url, { signal })), fetch(new Request(url), { signal })].map(failure);
  await settle();
  assert.equal(throttle.waiting, 3);
  leaving.abort("enough");
  assert.deepEqual(await Promise.all(calls), ["enough", "enough", "enough"]);
  assert.equal(throttle.waiting, 0);
  assert.equal(await failure(fetch(url, { signal })), "enough");
  permit.release();
  await settle();
  assert.equal(sent.length, 0);
  assert.equal(throttle.inFlight, 0);
});

test("a cost may depend on the request", async () => {
  const throttle = new Throttle({ capacity: 10 });
  const fetch = createFetch({
    throttle,
    cost: (request) => (request.method === "POST" ? 5 : 2),
    fetch: async (request) => new Response(await request.text()),
  });
  assert.equal(await (await fetch(url, { method: "POST", body: "text" })).text(), "text");
  assert.equal(throttle.available, 5);
  await fetch(url);
  assert.equal(throttle.available, 3);
  const wrong = createFetch({ throttle, cost: () => Number.NaN, fetch: assert.fail });
  assert.ok((await failure(wrong(url))) instanceof RangeError);
  assert.equal(throttle.available, 3);
});

test("each host has its own limits, counted until answered, and all of them those of the throttle", async (t) => {
  const clock = fakeClock(t);
  const throttle = new Throttle({ concurrency: 3 });
  const sent = [];
  const answers = [];
  const fetch = createFetch({
    throttle,
    perHost: { capacity: 2, period: 100 },
    fetch: (to) => {
      sent.push([new URL(to).host, clock.time]);
      answers.push(promised());
      return answers.at(-1).promise;
    },
  });
  const calls = ["a", "a", "a", "b", "b"].map((host) => fetch(`https://${host}.example/`));
  await clock.advance(0);
  assert.deepEqual(sent.map(([host]) => host).sort(), ["a.example", "a.example", "b.example"].sort());
  await clock.advance(50);
  for (const answer of answers) answer.resolve(new Response("x"));
  await clock.advance(1);
  assert.equal(sent.length, 4);
  answers[3].resolve(new Response("x"));
  await clock.advance(48);
  assert.equal(sent.length, 4);
  // A period after the answers, not after they were asked for.
  await clock.advance(100);
  assert.deepEqual(sent[4], ["a.example", 150]);
  answers[4].resolve(new Response("x"));
  await Promise.all(calls);
});

test("hosts may have slots only, and are told apart by their ports", async () => {
  const held = [];
  const fetch = createFetch({ perHost: { concurrency: 1 }, fetch: (to) => (held.push(to), new Promise(() => {})) });
  for (const to of ["http://a.example/1", "http://a.example/2", "http://a.example:8080/", new URL("http://b.example/"), new Request("http://c.example/")]) {
    fetch(to);
  }
  await settle();
  assert.equal(held.length, 4);
});

test("without a fetch of its own it is the global one, as it is when a request is sent", async (t) => {
  const real = globalThis.fetch;
  t.after(() => (globalThis.fetch = real));
  const fetch = createFetch({ throttle: new Throttle({ concurrency: 1 }) });
  globalThis.fetch = async (to) => new Response(`sent to ${to}`);
  assert.equal(await (await fetch(url)).text(), `sent to ${url}`);
});

test("many requests with one signal leave no listener on it", async () => {
  const throttle = new Throttle({ concurrency: 2 });
  const fetch = createFetch({ throttle, fetch: async () => new Response("x") });
  const { signal } = new AbortController();
  await Promise.all(Array.from({ length: 100 }, async () => (await fetch(url, { signal })).text()));
  assert.equal(getEventListeners(signal, "abort").length, 0);
});
