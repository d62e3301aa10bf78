// Calls that have been let in and have not begun, because something keeps the thread busy: room is kept for them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createFetch, Keyed, Semaphore, Throttle } from "tollgate";
import { fakeClock } from "./clock.mjs";
import { failure, look, settle, worst } from "./helpers.mjs";

/** Ways of calling `fn` as soon as one has been let in. */
const ways = {
  run: (gate, fn) => gate.run(fn),
  acquire: async (gate, fn) => {
    await gate.acquire();
    fn();
  },
  wrap: (gate, fn) => gate.wrap(fn)(),
  map: async (gate, fn) => {
    await gate.map([0], fn);
  },
  "run with a signal": (gate, fn) => gate.run(fn, { signal: new AbortController().signal }),
  "a key": (gate, fn) => new Keyed(() => gate).run("key", fn),
  "a key and a total": (gate, fn) => new Keyed(() => gate, { total: new Semaphore(100) }).run("key", fn),
  "a total": (gate, fn) => new Keyed(() => new Semaphore(100), { total: gate }).run("key", fn),
  fetch: async (gate, fn) => {
    const fetch = createFetch({ throttle: gate, fetch: async () => (fn(), new Response("")) });
    await (await fetch("http://host/")).text();
  },
};

const pacings = [{}, { pacing: "bucket" }, { pacing: "stepped" }, { pacing: "smooth" }];

for (const [way, call] of Object.entries(ways)) {
  for (const { pacing = "window" } of pacings) {
    for (const busy of [0, 3, 7]) {
      test(`${way}, ${pacing}: call ${busy} keeps the thread busy for longer than a period`, async (t) => {
        const clock = fakeClock(t);
        const gate = new Throttle({ capacity: 3, period: 100, pacing });
        const begun = [];
        for (let number = 0; number < 12; number++) {
          call(gate, () => {
            begun.push(clock.time);
            if (begun.length === busy + 1) clock.freeze(110);
          });
        }
        await clock.advance(3000);
        assert.equal(begun.length, 12);
        // A stepped bucket and a full one allow more than that, but not for this.
        const most = pacing === "bucket" || pacing === "stepped" ? 6 : 3;
        assert.ok(worst(begun, 100) <= most, String(begun));
        assert.equal(gate.available, 3);
      });
    }
  }
}

test("many at once: in no period more than the limit, whoever blocks", async (t) => {
  const clock = fakeClock(t);
  for (const way of ["run", "acquire"]) {
    const gate = new Throttle({ capacity: 20, period: 100 });
    const begun = [];
    for (let number = 0; number < 100; number++) {
      ways[way](gate, () => {
        begun.push(clock.time);
        if (number % 9 === 4) clock.freeze(30);
      });
    }
    await clock.advance(5000);
    assert.equal(begun.length, 100);
    assert.ok(worst(begun, 100) <= 20, `${way}: ${worst(begun, 100)}`);
  }
});

test("whoever is let in and aborted before it begins gives back slot and units, and no cooldown rests", async (t) => {
  fakeClock(t);
  const gate = new Throttle({ capacity: 2, period: 100, concurrency: 1, cooldown: 60_000 });
  const leaving = new AbortController();
  gate.pause(Infinity);
  const first = failure(gate.acquire({ signal: leaving.signal, cost: 2 }));
  const second = look(gate.acquire({ cost: 2 }));
  gate.resume();
  assert.equal(gate.inFlight, 1, "the first has been let in");
  leaving.abort(new Error("gone"));
  assert.equal((await first).message, "gone");
  await settle();
  assert.equal(second.state, "kept");
  second.value.release();
});

test("a permit that is given back before it begins counts from then", async (t) => {
  const clock = fakeClock(t);
  const gate = new Throttle({ capacity: 1, period: 100 });
  gate.acquire().then((permit) => permit.release());
  await settle();
  assert.equal(gate.inFlight, 0);
  await clock.advance(99);
  assert.equal(gate.available, 0);
  await clock.advance(1);
  assert.equal(gate.available, 1);
});
