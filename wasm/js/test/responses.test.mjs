// createFetch and what comes back, whatever it is made of.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ok, setup, through, url } from "./answers.mjs";
import { fakeClock } from "./clock.mjs";
import { failure, look } from "./helpers.mjs";

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
