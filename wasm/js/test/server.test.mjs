// createFetch against a server.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { createFetch, Throttle } from "tollgate";
import { collected, failure } from "./helpers.mjs";

let server;
let base;
let inside = 0;
let most = 0;

before(async () => {
  server = createServer(async (request, response) => {
    most = Math.max(most, ++inside);
    response.on("close", () => inside--);
    const { pathname, searchParams } = new URL(request.url, "http://localhost");
    if (pathname === "/redirect") {
      response.writeHead(302, { location: "/size?bytes=10" }).end();
    } else if (pathname === "/stall") {
      response.write("begin");
    } else if (pathname === "/echo") {
      request.pipe(response);
    } else {
      // Time for others to come, if they were let in.
      await new Promise((resolve) => setTimeout(resolve, 2));
      response.end(Buffer.alloc(Number(searchParams.get("bytes")), "x"));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  base = `http://127.0.0.1:${server.address().port}`;
});

after(() => {
  server.closeAllConnections();
  server.close();
});

/** Waits for something that sockets bring about. */
async function until(holds, what) {
  for (let round = 0; round < 1000; round++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.fail(what);
}

test("the server never sees more at once than there are slots, bodies included", async () => {
  const throttle = new Throttle({ concurrency: 3 });
  const fetch = createFetch({ throttle });
  most = 0;
  const lengths = await Promise.all(
    Array.from({ length: 40 }, async (_, number) => {
      const response = await fetch(`${base}/size?bytes=${number * 10_000}`);
      return (await response.arrayBuffer()).byteLength;
    }),
  );
  assert.deepEqual(lengths, Array.from({ length: 40 }, (_, number) => number * 10_000));
  assert.ok(most <= 3, `${most} at once`);
  await throttle.onIdle();
});

test("small responses that nobody reads hold up nobody", async () => {
  const throttle = new Throttle({ concurrency: 2 });
  const fetch = createFetch({ throttle });
  const responses = await Promise.all(Array.from({ length: 20 }, () => fetch(`${base}/size?bytes=5000`)));
  assert.ok(responses.every(({ ok }) => ok));
  await throttle.onIdle();
});

test("a large response that nobody reads holds its slot until it is collected", async () => {
  const throttle = new Throttle({ concurrency: 1 });
  const fetch = createFetch({ throttle });
  await (async () => assert.equal((await fetch(`${base}/size?bytes=5000000`)).status, 200))();
  assert.equal(throttle.inFlight, 1);
  assert.ok(await collected(() => throttle.inFlight === 0), "the slot is lost");
});

test("url and redirected are told as by fetch itself, by clones too", async () => {
  const fetch = createFetch({ throttle: new Throttle({ concurrency: 1 }) });
  const response = await fetch(`${base}/redirect`);
  for (const one of [response, response.clone()]) {
    assert.equal(one.url, `${base}/size?bytes=10`);
    assert.equal(one.redirected, true);
    assert.equal(one.type, (await globalThis.fetch(`${base}/redirect`)).type);
    assert.equal(await one.text(), "x".repeat(10));
  }
});

test("aborted while it streams, the reader is told and the slot is free", async () => {
  const throttle = new Throttle({ concurrency: 1 });
  const fetch = createFetch({ throttle });
  const leaving = new AbortController();
  const response = await fetch(`${base}/stall`, { signal: leaving.signal });
  const text = failure(response.text());
  assert.equal(throttle.inFlight, 1);
  leaving.abort();
  assert.equal((await text).name, "AbortError");
  await until(() => throttle.inFlight === 0, "the slot is lost");
});

test("aborted while it streams, the slot is free though nobody reads", async () => {
  const throttle = new Throttle({ concurrency: 1 });
  const fetch = createFetch({ throttle });
  const leaving = new AbortController();
  const response = await fetch(`${base}/stall`, { signal: leaving.signal });
  leaving.abort();
  await until(() => throttle.inFlight === 0, "the slot is lost");
  assert.equal((await failure(response.text())).name, "AbortError");
});

test("aborted before there is an answer, the slot is free", async () => {
  const throttle = new Throttle({ concurrency: 1 });
  const fetch = createFetch({ throttle });
  const leaving = new AbortController();
  const call = failure(fetch(`${base}/size?bytes=1`, { signal: leaving.signal }));
  leaving.abort();
  assert.equal((await call).name, "AbortError");
  assert.equal(throttle.inFlight, 0);
});

test("bodies are sent, as text and as a stream", async () => {
  const fetch = createFetch({ throttle: new Throttle({ concurrency: 1 }), cost: () => 1 });
  assert.equal(await (await fetch(`${base}/echo`, { method: "POST", body: "text" })).text(), "text");
  const stream = new Response("streamed").body;
  assert.equal(await (await fetch(`${base}/echo`, { method: "POST", body: stream, duplex: "half" })).text(), "streamed");
});

test("where nobody listens, the slot is free again", async () => {
  const throttle = new Throttle({ concurrency: 1 });
  const fetch = createFetch({ throttle });
  const error = await failure(fetch("http://127.0.0.1:1/"));
  assert.equal(error.name, "TypeError");
  assert.equal(throttle.inFlight, 0);
});
