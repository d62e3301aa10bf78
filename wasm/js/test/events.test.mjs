// What those who watch a throttle are told: when, in which order, and that it changes nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ClosedError, CostError, createFetch, QueueFullError, Throttle, TimeoutError } from "tollgate";
import { fakeClock } from "./clock.mjs";
import { child, failure, look, settle } from "./helpers.mjs";

const TYPES = ["admitted", "delayed", "paused", "resumed", "retried", "refused"];
const dispose = Symbol.dispose ?? Symbol.for("Symbol.dispose");

/** Notes all that a throttle tells, and when. */
function watch(clock, throttle) {
  const events = [];
  const watching = TYPES.map((type) => throttle.on(type, (event) => events.push([clock.time, event])));
  return { events, told: () => events.splice(0), end: () => watching.forEach((one) => one[dispose]()) };
}

test("calls that are let in at once, and those that wait, are told of with what they cost", async (t) => {
  const clock = fakeClock(t);
  const throttle = new Throttle({ capacity: 2, period: 1000 });
  const { told, end } = watch(clock, throttle);
  await throttle.acquire({ cost: 2 });
  await settle();
  const calls = [throttle.acquire(), throttle.run(() => 1), throttle.acquire({ cost: 2 })];
  assert.equal(throttle.tryAcquire(), undefined);
  await settle();
  assert.deepEqual(told(), [
    [0, { type: "admitted", cost: 2, waited: 0 }],
    [0, { type: "delayed", cost: 1, ahead: 0, wait: 1000 }],
    [0, { type: "delayed", cost: 1, ahead: 1, wait: 1000 }],
    [0, { type: "delayed", cost: 2, ahead: 2, wait: 1000 }],
  ]);
  await clock.advance(5000);
  await Promise.all(calls);
  assert.deepEqual(told(), [
    [1000, { type: "admitted", cost: 1, waited: 1000 }],
    [1000, { type: "admitted", cost: 1, waited: 1000 }],
    [2000, { type: "admitted", cost: 2, waited: 2000 }],
  ]);
  assert.ok(throttle.tryAcquire());
  await settle();
  assert.deepEqual(told(), [[5000, { type: "admitted", cost: 1, waited: 0 }]]);
  end();
});

test("calls that are turned away are told of with why", async (t) => {
  const clock = fakeClock(t);
  const throttle = new Throttle({ capacity: 2, period: 1000, maxWaiting: 1 });
  const { told, end } = watch(clock, throttle);
  await throttle.acquire({ cost: 2 });
  const late = failure(throttle.acquire({ timeout: 50 }));
  const full = failure(throttle.acquire());
  const dear = failure(throttle.acquire({ cost: 3 }));
  await clock.advance(100);
  const cleared = failure(throttle.acquire());
  assert.equal(throttle.clear("enough"), 1);
  const waits = failure(throttle.acquire());
  const closed = throttle.close();
  const after = failure(throttle.run(() => 1));
  assert.throws(() => throttle.tryAcquire(), ClosedError);
  await settle();
  const events = told().filter(([, { type }]) => type === "refused").map(([time, { cost, error }]) => [time, cost, error]);
  assert.deepEqual(events, [
    [0, 1, await full],
    [0, 3, await dear],
    [50, 1, await late],
    [100, 1, await cleared],
    [100, 1, await waits],
    [100, 1, await after],
    [100, 1, events.at(-1)[2]],
  ]);
  const Kinds = [QueueFullError, CostError, TimeoutError, String, ClosedError, ClosedError, ClosedError];
  Kinds.forEach((Kind, index) => assert.ok(Object(events[index][2]) instanceof Kind, Kind.name));
  end();
  void closed;
});

test("who gives up is neither let in nor refused, not even in the turn in which it would have been", async (t) => {
  const clock = fakeClock(t);
  const throttle = new Throttle({ concurrency: 1 });
  const permit = await throttle.acquire();
  const { told, end } = watch(clock, throttle);
  const [early, last] = [new AbortController(), new AbortController()];
  const both = [early, last].map(({ signal }) => failure(throttle.acquire({ signal })));
  early.abort("early");
  permit.release();
  last.abort("last");
  assert.deepEqual(await Promise.all(both), ["early", "last"]);
  assert.deepEqual(told().map(([, { type }]) => type), ["delayed", "delayed"]);
  await throttle.acquire();
  assert.deepEqual(told().map(([, { type }]) => type), ["admitted"]);
  end();
});

test("a pause is told of when it begins or gets longer, and when it is over", async (t) => {
  const clock = fakeClock(t);
  const throttle = new Throttle({ concurrency: 1 });
  const { told, end } = watch(clock, throttle);
  const around = Date.now();
  throttle.pause(1000);
  throttle.pause(500);
  const call = throttle.acquire();
  await clock.advance(400);
  throttle.pause(1600);
  await clock.advance(10_000);
  (await call).release();
  const events = told();
  for (const [, event] of events) if (event.type === "paused") assert.ok(Math.abs(event.until - around - event.wait) < 5000);
  assert.deepEqual(
    events.map(([time, { type, reason, wait }]) => [time, type, reason ?? "", wait]),
    [
      [0, "paused", "pause", 1000],
      [0, "delayed", "", 1000],
      [400, "paused", "pause", 1600],
      [2000, "resumed", "", undefined],
      [2000, "admitted", "", undefined],
    ],
  );
  throttle.resume();
  throttle.pause(Infinity);
  await clock.advance(3e9);
  throttle.resume();
  throttle.resume();
  throttle.pause(3e9);
  await clock.advance(4e9);
  assert.deepEqual(
    told().map(([time, { type }]) => [time, type]),
    [
      [10_400, "paused"],
      [3e9 + 10_400, "resumed"],
      [3e9 + 10_400, "paused"],
      [6e9 + 10_400, "resumed"],
    ],
  );
  end();
});

test("a refusal of the server is told of as a pause, and what is sent again", async (t) => {
  const clock = fakeClock(t);
  const throttle = new Throttle({ concurrency: 3 });
  const { told, end } = watch(clock, throttle);
  const answers = [new Response("", { status: 429, headers: { "retry-after": "2" } }), new TypeError("no"), new Response("ok")];
  const fetch = createFetch({
    throttle,
    jitter: false,
    backoff: () => 300,
    fetch: async () => {
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  const page = look(fetch("http://host/a"));
  await clock.advance(10_000);
  assert.equal(page.value.status, 200);
  const events = told();
  assert.deepEqual(
    events.map(([time, { type, wait, delay, attempt, reason }]) => [time, type, wait ?? delay, attempt ?? reason]),
    [
      [0, "admitted", undefined, undefined],
      [0, "paused", 2000, "server"],
      [0, "retried", 2000, 1],
      [0, "delayed", 2000, undefined],
      [2000, "resumed", undefined, undefined],
      [2000, "admitted", undefined, undefined],
      [2000, "retried", 300, 2],
      [2300, "admitted", undefined, undefined],
    ],
  );
  const [first, second] = events.map(([, event]) => event).filter(({ type }) => type === "retried");
  assert.equal(first.response.status, 429);
  assert.equal(first.request.url, "http://host/a");
  assert.equal(second.error.message, "no");
  end();
});

test("who begins to listen during a pause is told when it is over", async (t) => {
  const clock = fakeClock(t);
  const throttle = new Throttle({ concurrency: 1 });
  throttle.pause(1000);
  await clock.advance(400);
  const { told, end } = watch(clock, throttle);
  await clock.advance(10_000);
  assert.deepEqual(told(), [[1000, { type: "resumed" }]]);
  end();
  const after = watch(clock, throttle);
  await clock.advance(10_000);
  assert.deepEqual(after.told(), [], "one that is over is told of no more");
  after.end();
});

test("what no Request can be made of is sent again though somebody watches", async (t) => {
  const clock = fakeClock(t);
  const throttle = new Throttle({ concurrency: 1 });
  const { told, end } = watch(clock, throttle);
  let sent = 0;
  const send = async () => (sent++ % 2 ? new Response("ok") : new Response("", { status: 429, headers: { "retry-after": "0" } }));
  const fetch = createFetch({ throttle, fetch: send, onRetry: ({ attempt }) => assert.equal(attempt, 1) });
  assert.equal((await fetch("http://host/", { method: "TRACE" })).status, 200);
  assert.equal((await fetch("http://name:word@host/")).status, 200);
  const retried = told().filter(([, { type }]) => type === "retried");
  assert.equal(retried.length, 2);
  assert.throws(() => retried[0][1].request, TypeError);
  end();
});

test("a listener is called in a microtask, may do anything, and hears no more when it is disposed of", async (t) => {
  const clock = fakeClock(t);
  const throttle = new Throttle({ concurrency: 1 });
  const told = [];
  let other;
  const first = throttle.on("admitted", () => {
    told.push("first");
    throttle.pause(5);
    throttle.resume();
    if (throttle.inFlight > 0) other[dispose]();
    first[dispose]();
    first[dispose]();
  });
  other = throttle.on("admitted", () => told.push("other"));
  const third = throttle.on("admitted", () => told.push("third"));
  assert.ok(throttle.watch);
  const permit = throttle.tryAcquire();
  assert.deepEqual(told, [], "not from within the call");
  await settle();
  assert.deepEqual(told, ["first", "third"], "who was removed meanwhile is not told");
  permit.release();
  await throttle.acquire();
  await settle();
  assert.deepEqual(told, ["first", "third", "third"]);
  third[dispose]();
  assert.equal(throttle.watch, undefined, "when nobody listens, nothing is done for it");
  void clock;
});

test("what a listener throws is reported as uncaught, and everything goes on", async () => {
  const { stdout } = await child(`
    import { Throttle } from "tollgate";
    const throttle = new Throttle({ capacity: 10 });
    process.on("uncaughtException", (error) => console.log("uncaught", error.message));
    process.on("unhandledRejection", (error) => console.log("unhandled", error.message));
    throttle.on("admitted", () => { throw new Error("mine"); });
    console.log(await throttle.run(() => "result"), throttle.inFlight);
  `);
  assert.match(stdout, /result 0/);
  assert.match(stdout, /(uncaught|unhandled) mine/);
});

test("watching for the end of a pause keeps no process alive", async () => {
  const { code, took } = await child(`
    import { Throttle } from "tollgate";
    const throttle = new Throttle({ capacity: 10 });
    throttle.on("resumed", () => {});
    throttle.pause(3_600_000);
  `);
  assert.equal(code, 0);
  assert.ok(took < 15_000);
});

test("what makes no sense is refused", () => {
  const throttle = new Throttle({ capacity: 1 });
  assert.throws(() => throttle.on("entered", () => {}), { name: "RangeError", message: /event is "entered", but must be/ });
  assert.throws(() => throttle.on(undefined, () => {}), { name: "TypeError" });
  assert.throws(() => throttle.on("admitted"), { name: "TypeError", message: /listener/ });
});
