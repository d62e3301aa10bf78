// createFetch and what it is called with, sent once or several times.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ok, refused, setup, through, url } from "./answers.mjs";
import { fakeClock } from "./clock.mjs";
import { look, settle } from "./helpers.mjs";

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
