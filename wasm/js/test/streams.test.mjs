// Long bodies through createFetch: nothing piles up, and whoever stops half way frees the slot.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createFetch, Throttle } from "tollgate";
import { collected, failure } from "./helpers.mjs";
import { allFree, serve, until } from "./loopback.mjs";

const MB = 2 ** 20;
const SIZE = 50 * MB;
const SLOTS = 2;
const limit = { timeout: 120_000 };

/** A server of bodies of 50 MB; `written` is how much it has handed over, `gone` how many clients left before the end. */
async function longBodies(t) {
  const chunk = Buffer.alloc(64 * 1024, "x");
  const seen = { written: 0, gone: 0 };
  const { url } = await serve(t, async (_request, response) => {
    let left = SIZE;
    const closed = new Promise((resolve) => response.once("close", resolve));
    closed.then(() => (seen.gone += Number(left > 0)));
    while (left > 0 && !response.destroyed) {
      const taken = response.write(chunk);
      left -= chunk.length;
      seen.written += chunk.length;
      if (!taken) await Promise.race([closed, new Promise((resolve) => response.once("drain", resolve))]);
    }
    response.end();
  });
  return { url, seen };
}

function setup() {
  const throttle = new Throttle({ concurrency: SLOTS });
  return { throttle, fetch: createFetch({ throttle }) };
}

/** Reads so many bytes, and not many more. */
async function readSome(reader, bytes) {
  for (let length = 0; length < bytes; ) {
    const { done, value } = await reader.read();
    assert.ok(!done, "the body has ended");
    length += value.byteLength;
  }
}

/** What buffers and the heap take when what nobody holds has been collected. */
async function memory() {
  let rounds = 0;
  await collected(() => rounds++ > 1);
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}

test("50 MB flow through, and memory stays flat", limit, async (t) => {
  const { url } = await longBodies(t);
  const { throttle, fetch } = setup();
  // What is made once is made by now.
  await (await fetch(url)).arrayBuffer();
  const before = await memory();
  const response = await fetch(url);
  let length = 0;
  let most = 0;
  let looked = 0;
  for await (const chunk of response.body) {
    length += chunk.byteLength;
    if (length - looked > 5 * MB) {
      looked = length;
      most = Math.max(most, (await memory()) - before);
    }
  }
  assert.equal(length, SIZE);
  assert.ok(most < 10 * MB, `${Math.round(most / MB)} MB were held at once`);
  allFree(throttle, SLOTS, "read to its end");
});

test("while nobody reads on, the server is held up", limit, async (t) => {
  const { url, seen } = await longBodies(t);
  const { throttle, fetch } = setup();
  const reader = (await fetch(url)).body.getReader();
  await readSome(reader, MB);
  // Time enough for all of it, were it taken.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  assert.ok(seen.written < SIZE / 2, `${seen.written} bytes have been written, of which a fiftieth was read`);
  assert.equal(throttle.inFlight, 1);
  await reader.cancel();
  allFree(throttle, SLOTS, "cancelled");
});

for (const [name, leave] of [
  ["cancelled", (reader) => reader.cancel("enough")],
  [
    "released and then cancelled",
    (reader, response) => {
      reader.releaseLock();
      return response.body.cancel();
    },
  ],
]) {
  test(`half read and ${name}, the slot is free and the server is told`, limit, async (t) => {
    const { url, seen } = await longBodies(t);
    const { throttle, fetch } = setup();
    const response = await fetch(url);
    const reader = response.body.getReader();
    await readSome(reader, SIZE / 2);
    assert.equal(throttle.inFlight, 1);
    await leave(reader, response);
    allFree(throttle, SLOTS, name);
    await until(() => seen.gone === 1, "the server goes on");
  });
}

test("half read and left behind by a loop, the slot is free", limit, async (t) => {
  const { url, seen } = await longBodies(t);
  const { throttle, fetch } = setup();
  let length = 0;
  for await (const chunk of (await fetch(url)).body) if ((length += chunk.byteLength) > SIZE / 2) break;
  allFree(throttle, SLOTS, "a loop that ended early");
  await until(() => seen.gone === 1, "the server goes on");
});

test("half read and forgotten, the slot is free when it is collected", limit, async (t) => {
  const { url, seen } = await longBodies(t);
  const { throttle, fetch } = setup();
  await (async () => {
    const response = await fetch(url);
    await readSome(response.body.getReader(), SIZE / 2);
  })();
  assert.equal(throttle.inFlight, 1);
  assert.ok(await collected(() => throttle.inFlight === 0), "the slot is lost");
  allFree(throttle, SLOTS, "collected");
  await until(() => seen.gone === 1, "the server goes on");
});

test("aborted half way, the reader is told, the slot is free, and the server is told", limit, async (t) => {
  const { url, seen } = await longBodies(t);
  const { throttle, fetch } = setup();
  const leaving = new AbortController();
  const response = await fetch(url, { signal: leaving.signal });
  const reader = response.body.getReader();
  await readSome(reader, SIZE / 2);
  assert.equal(throttle.inFlight, 1);
  leaving.abort(new Error("enough"));
  const told = await failure((async () => readSome(reader, SIZE))());
  assert.equal(told.message, "enough");
  await until(() => throttle.inFlight === 0, "the slot is lost");
  allFree(throttle, SLOTS, "aborted");
  await until(() => seen.gone === 1, "the server goes on");
});

test("many at once, each ended in another way: every slot comes back", limit, async (t) => {
  const { url } = await longBodies(t);
  const { throttle, fetch } = setup();
  const ways = [
    async (response) => assert.equal((await response.arrayBuffer()).byteLength, SIZE),
    async (response) => response.body.cancel(),
    async (response) => {
      for await (const _chunk of response.body) break;
    },
    async (response, leaving) => {
      leaving.abort();
      await failure(response.text());
    },
  ];
  const all = Array.from({ length: 16 }, async (_, number) => {
    const leaving = new AbortController();
    await ways[number % ways.length](await fetch(url, { signal: leaving.signal }), leaving);
  });
  await Promise.all(all);
  await until(() => throttle.inFlight === 0, "a slot is lost");
  allFree(throttle, SLOTS, "all have ended");
});
