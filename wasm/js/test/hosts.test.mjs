// createFetch with limits for each host.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createFetch } from "tollgate";
import { ok, refused, setup, through, url } from "./answers.mjs";
import { fakeClock } from "./clock.mjs";
import { look, settle } from "./helpers.mjs";

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

test("a host's schemes and ports are servers of their own", async (t) => {
  const clock = fakeClock(t);
  const { fetch, sent } = setup(clock, [() => new Promise(() => {})], { throttle: undefined, perHost: { concurrency: 1 } });
  for (const url of ["http://a/1", "http://a:80/2", "https://a/3", "https://a:443/4", "http://a:81/5"]) void fetch(url);
  await settle();
  assert.deepEqual(sent.map(([, url]) => url), ["http://a/1", "https://a/3", "http://a:81/5"]);
});
