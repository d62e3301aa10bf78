// Semaphores taken through random steps, beside a list that says who must be in.

import assert from "node:assert/strict";
import { test } from "node:test";
import { BoundedSemaphore, Semaphore } from "tollgate";
import { look, random, settle } from "./helpers.mjs";

/** What a semaphore is: permits, and a line of those who wait for some. */
class Model {
  taken = 0;
  line = [];
  /** Holders of permits. */
  inside = [];

  constructor(capacity) {
    this.capacity = capacity;
  }

  get free() {
    return this.capacity - this.taken;
  }

  come(call) {
    this.line.push(call);
    this.serve();
  }

  enter(call) {
    this.taken += call.cost;
    this.inside.push(call);
  }

  /** Permits come back; more than were taken are new ones. */
  back(count) {
    this.capacity += Math.max(0, count - this.taken);
    this.taken -= Math.min(count, this.taken);
    this.serve();
  }

  leave(call) {
    this.inside = this.inside.filter((other) => other !== call);
    this.back(call.cost);
  }

  giveUp(call) {
    this.line = this.line.filter((other) => other !== call);
    this.serve();
  }

  serve() {
    while (this.line.length > 0 && this.line[0].cost <= this.free) this.enter(this.line.shift());
    // A function that runs is done at once.
    const ran = this.inside.find((call) => call.runs);
    if (ran) this.leave(ran);
  }
}

/** What may happen, and how often. Each gets the semaphore, the model, and a die. */
const deeds = {
  acquire: [6, (gate, model, die) => {
    const [cost, leaving] = [die(5) === 0 ? 2 : 1, new AbortController()];
    const options = { cost, ...(die(2) && { signal: leaving.signal }) };
    const call = { cost, leaving: options.signal && leaving, look: look(gate.acquire(options)) };
    model.come(call);
  }],
  release: [7, (_, model, die) => {
    const holders = model.inside.filter((call) => call.permit);
    if (holders.length === 0) return;
    const call = holders[die(holders.length)];
    assert.equal(call.permit.release(), true);
    assert.equal(call.permit.release(), false);
    model.leave(call);
  }],
  tryAcquire: [2, (gate, model, die) => {
    const cost = 1 + die(2);
    const permit = gate.tryAcquire(cost);
    assert.equal(permit !== undefined, model.line.length === 0 && model.free >= cost);
    if (permit) model.enter({ cost, permit });
  }],
  run: [2, (gate, model) => {
    const call = { cost: 1, runs: true, look: look(gate.run(() => "done")) };
    model.come(call);
  }],
  abort: [2, (_, model, die) => {
    const waiting = model.line.filter((call) => call.leaving);
    if (waiting.length === 0) return;
    const call = waiting[die(waiting.length)];
    call.leaving.abort();
    model.giveUp(call);
  }],
  look: [2, (gate, model) => {
    assert.equal(gate.available, model.line.length > 0 ? 0 : Math.max(0, model.free));
    assert.equal(gate.inFlight, model.taken);
    assert.equal(gate.capacity, model.capacity);
  }],
  clear: [1, (gate, model) => {
    assert.equal(gate.clear(), model.line.length);
    model.line = [];
  }],
};

/** What makes permits be owed. */
const byHand = {
  resize: [1, (gate, model, die) => {
    model.capacity = die(5);
    gate.capacity = model.capacity;
    model.serve();
  }],
  add: [1, (gate, model, die) => {
    const count = die(3);
    if (gate instanceof BoundedSemaphore) {
      if (count > model.taken) assert.throws(() => gate.release(count), { code: "over_release" });
    } else {
      gate.release(count);
      model.back(count);
    }
  }],
};

async function play(Kind, seed, menu) {
  const die = random(seed);
  const capacity = die(4);
  const [gate, model] = [new Kind(capacity), new Model(capacity)];
  const choices = Object.entries(menu).flatMap(([name, [weight, deed]]) => Array(weight).fill([name, deed]));
  const done = [];
  try {
    for (let step = 0; step < 60; step++) {
      const [name, deed] = choices[die(choices.length)];
      done.push(name);
      deed(gate, model, die);
      await settle();
      for (const call of model.line) assert.equal(call.look.state, "pending");
      for (const call of model.inside) call.permit ??= call.look.value ?? assert.fail("it should be in");
    }
    for (const call of model.inside.filter((call) => call.permit)) call.permit.release();
  } catch (error) {
    error.message = `seed ${seed}, a ${Kind.name} of ${capacity}: ${done.join(", ")}: ${error.message}`;
    throw error;
  }
}

for (const Kind of [Semaphore, BoundedSemaphore]) {
  test(`${Kind.name}: who is in, whatever is done in whatever order`, async () => {
    for (let seed = 1; seed <= 300; seed++) await play(Kind, seed, seed % 2 ? deeds : { ...deeds, ...byHand });
  });
}
