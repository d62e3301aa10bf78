// If the engine dies, everybody is told, and nobody waits for ever.

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { adopt, init, Keyed, Semaphore, Throttle, TollgateError } from "tollgate/slim";
import { fakeClock } from "./clock.mjs";
import { collected, failure, look, settle } from "./helpers.mjs";
import { trapping } from "./modules.mjs";

/** The engine is dead: that is what everybody is told. */
function isDead(error, cause) {
  assert.ok(error instanceof TollgateError, String(error));
  assert.equal(error.name, "TollgateError");
  assert.equal(error.code, "failed");
  if (cause) assert.ok(error.cause instanceof cause, String(error.cause));
  return true;
}

/** Nothing may be thrown where nobody can catch it. */
function watchful(t) {
  const stray = [];
  const note = (error) => stray.push(error);
  process.on("uncaughtException", note);
  process.on("unhandledRejection", note);
  t.after(() => {
    process.off("uncaughtException", note);
    process.off("unhandledRejection", note);
    assert.deepEqual(stray, []);
  });
}

// What dies, and what makes it die.
for (const [name, die] of [
  ["tollgate_release", (gate, permit) => permit.release()],
  ["tollgate_try_acquire", (gate) => gate.tryAcquire()],
  ["tollgate_read", (gate) => gate.waiting],
  ["tollgate_do", (gate) => gate.pause(5)],
  ["tollgate_update", (gate) => gate.update({ concurrency: 2 })],
  ["tollgate_next", (gate, permit) => permit.release()],
  ["tollgate_cancel", (gate, permit, leaving) => leaving.abort()],
]) {
  test(`a trap in ${name}: all who wait are rejected, and later calls throw`, async (t) => {
    watchful(t);
    const clock = fakeClock(t);
    init(trapping(name));
    const gate = new Throttle({ concurrency: 1 });
    const permit = await gate.acquire().catch((error) => assert.fail(error));
    const semaphore = new Semaphore(0);
    const leaving = new AbortController();
    const { signal } = leaving;
    const left = look(gate.acquire({ signal }));
    const waiting = [gate.acquire(), gate.acquire({ timeout: 1000, signal: new AbortController().signal }), gate.run(assert.fail), semaphore.acquire({ timeout: 1e6 })].map(look);
    const keyed = look(new Keyed(() => new Semaphore(0)).acquire("key"));
    const mapped = look(semaphore.map([1], assert.fail).then(() => {}));
    const idle = name === "tollgate_read" ? [] : [look(gate.onIdle())];
    await settle();
    try {
      die(gate, permit, leaving);
    } catch (error) {
      isDead(error, WebAssembly.RuntimeError);
    }
    await settle();
    for (const { error } of [...waiting, keyed, mapped, ...idle]) isDead(error, WebAssembly.RuntimeError);
    assert.equal(left.state, "broken");
    assert.equal(getEventListeners(signal, "abort").length, 0);
    for (const call of [
      () => gate.acquire(),
      () => gate.tryAcquire(),
      () => gate.run(assert.fail),
      () => gate.wrap(assert.fail)(),
      () => gate.waiting,
      () => gate.inFlight,
      () => gate.available,
      () => gate.paused,
      () => gate.pause(1),
      () => gate.resume(),
      () => gate.check(),
      () => gate.update({ capacity: 1 }),
      () => gate.refund(),
      () => semaphore.capacity,
      () => semaphore.release(),
    ]) {
      assert.throws(call, (error) => isDead(error), String(call));
    }
    for (const call of [() => gate.close(), () => gate.onIdle(), () => semaphore.map([1], assert.fail).then(() => {})]) {
      isDead(await failure((async () => call())()));
    }
    // Gates made now are of another engine.
    assert.equal(new Semaphore(3).number, 0);
    // To leave, or to clear what is empty, is no reason to complain.
    leaving.abort();
    assert.equal(gate.clear(), 0);
    await clock.advance(0);
    // The throttle's own timer died with it.
    if (clock.timers > 0) await clock.advance(2e6);
  });
}

test("an engine that dies in its timer, with nobody to tell, tells those who wait", async (t) => {
  watchful(t);
  const { now } = performance;
  t.after(() => (performance.now = now));
  const gate = new Throttle({ capacity: 1, period: 20 });
  await gate.acquire();
  const waiting = look(gate.acquire());
  await settle();
  performance.now = () => {
    throw new Error("no clock");
  };
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(waiting.state, "broken");
  isDead(waiting.error, Error);
});

test("a call that is inside when the engine dies is told when it comes out", async (t) => {
  watchful(t);
  init(trapping("tollgate_do"));
  const gate = new Throttle({ concurrency: 1 });
  let end;
  const inside = failure(gate.run(() => new Promise((resolve) => (end = resolve))));
  assert.throws(() => gate.resume(), (error) => isDead(error));
  end("result");
  isDead(await inside);
});

test("a call that begins when the engine dies is told when it comes out", async (t) => {
  watchful(t);
  const clock = fakeClock(t);
  init(trapping("tollgate_begin"));
  const gate = new Throttle({ capacity: 1, period: 100 });
  const first = failure(gate.run(() => Promise.reject(new Error("first"))));
  isDead(await first);
  init(trapping("tollgate_begin"));
  const other = new Throttle({ capacity: 1, period: 100 });
  other.tryAcquire();
  const [second, third] = [look(other.acquire()), look(other.acquire())];
  await clock.advance(100);
  await clock.advance(1000);
  assert.equal(second.state, "kept");
  isDead(third.error);
  assert.throws(() => second.value.release(), (error) => isDead(error));
});

test("a semaphore has no permit at hand any more when its engine is dead", async () => {
  init(trapping("tollgate_do"));
  const gate = new Semaphore(2);
  const permit = await gate.acquire();
  (await gate.acquire()).release();
  assert.throws(() => new Throttle({ concurrency: 1 }).resume(), (error) => isDead(error));
  assert.throws(() => gate.acquire(), (error) => isDead(error));
  assert.throws(() => permit.release(), (error) => isDead(error));
});

test("the next engine works, and gates of the dead one stay dead", async () => {
  init(trapping("tollgate_release"));
  const dead = new Semaphore(1);
  assert.throws(() => dead.release(), (error) => isDead(error));
  init(trapping());
  const gate = new Semaphore(1);
  assert.equal(await gate.run(() => "works"), "works");
  assert.throws(() => dead.available, (error) => isDead(error));
});

/** An app that shares a throttle, as far as the package can see; all of it can be made to fail. */
function app() {
  const made = { fails: undefined, notify: undefined, next: [], waiters: 0 };
  const call = (name, answer) => {
    made[name] = (...args) => {
      if (made.fails === name) throw new WebAssembly.RuntimeError("unreachable");
      return answer(...args);
    };
  };
  call("tollgate_connect", (notify) => (made.notify = notify));
  call("tollgate_read", () => 0);
  call("tollgate_acquire", () => ++made.waiters);
  call("tollgate_next", () => made.next.shift() ?? -5);
  for (const name of ["try_acquire", "cancel", "begin", "release", "do", "update", "drop"]) call(`tollgate_${name}`, () => 0);
  return made;
}

test("an app in Rust tells who is let in, and if it dies then, everybody is told", async (t) => {
  watchful(t);
  const rust = app();
  const gate = adopt(rust, 0);
  assert.ok(gate instanceof Throttle);
  const calls = [gate.acquire(), gate.acquire(), gate.run(assert.fail)].map(look);
  rust.next.push(1 << 3);
  rust.notify();
  await settle();
  assert.deepEqual(calls.map(({ state }) => state), ["pending", "kept", "pending"]);
  rust.fails = "tollgate_next";
  rust.notify();
  await settle();
  for (const call of [calls[0], calls[2]]) isDead(call.error, WebAssembly.RuntimeError);
});

test("if an app dies when a call wants to be let in, those before it are told as well", async (t) => {
  watchful(t);
  const rust = app();
  const gate = adopt(rust, 0);
  const before = look(gate.acquire());
  rust.fails = "tollgate_acquire";
  assert.throws(() => gate.acquire(), (error) => isDead(error));
  await settle();
  isDead(before.error, WebAssembly.RuntimeError);
});

test("one app's death is no concern of another's, nor of our own engine's", async () => {
  const [one, two] = [app(), app()];
  const gates = [adopt(one, 0), adopt(two, 0)];
  one.fails = "tollgate_acquire";
  assert.throws(() => gates[0].acquire());
  assert.equal(look(gates[1].acquire()).state, "pending");
  init(trapping());
  assert.ok(new Semaphore(1).tryAcquire());
});

test("adopt takes an app and what it shares, and nothing else", () => {
  for (const wrong of [undefined, null, {}, 5, "app", () => {}]) assert.throws(() => adopt(wrong, 0), { name: "TypeError", message: /^app / });
  const rust = app();
  rust.tollgate_read = (number) => (number === 0 ? 0 : Number.NaN);
  for (const wrong of [undefined, null, 1, -1, 1.5, "0", {}]) assert.throws(() => adopt(rust, wrong), { name: "RangeError", message: /^number / });
  assert.ok(adopt(rust, 0));
});

test("a number is adopted once, and again when its throttle has been collected: it may be another's by then", async () => {
  const rust = app();
  const dropped = [];
  rust.tollgate_drop = (number) => dropped.push(number);
  (() => {
    const gate = adopt(rust, 0);
    assert.throws(() => adopt(rust, 0), RangeError);
    assert.equal(gate.paused, false);
  })();
  assert.ok(await collected(() => dropped.length > 0), "it is not dropped");
  assert.deepEqual(dropped, [0]);
  assert.ok(adopt(rust, 0));
});

test("one who is let in and aborted is told so, though the engine dies of taking it back", async (t) => {
  watchful(t);
  for (const make of [(gate) => gate, (total) => ({ acquire: (options) => new Keyed(() => new Throttle({ concurrency: 5 }), { total }).acquire("a", options) })]) {
    init(trapping("tollgate_do"));
    const gate = new Throttle({ concurrency: 1 });
    const permit = await gate.acquire();
    const leaving = new AbortController();
    const waiting = look(make(gate).acquire({ signal: leaving.signal }));
    await settle();
    permit.release();
    leaving.abort(new Error("gone"));
    await settle();
    assert.equal(waiting.error?.message, "gone");
  }
});
