// The workers of a queue: each takes the next item, asks to be let in, works, and takes the next one.

import { outcomeOf } from './refusals.mjs';
import { Task } from './task.mjs';

/** Workers and their queue. */
export class Crew {
  #queue;
  #workers;
  #done = [];
  #unfinished;

  constructor(scene, { workers }, items) {
    this.#queue = [...items];
    this.#unfinished = items.length;
    this.#workers = Array.from({ length: workers }, (_, index) => [`worker${index}`, new Worker(scene, this)]);
  }

  start(tasks) {
    for (const [name, worker] of this.#workers) {
      tasks.set(name, worker);
      worker.start();
    }
  }

  next() {
    return this.#queue.shift();
  }

  finish(seconds) {
    this.#done.push(seconds);
    this.#unfinished--;
  }

  /** What became of it, at the end. */
  get record() {
    const cancelled = this.#workers.filter(([, worker]) => !worker.isOver).length;
    const join = this.#unfinished === 0 && this.#done.length > 0 ? this.#done.at(-1) : null;
    return { join, done: this.#done, cancelled, left: this.#queue.length };
  }
}

class Worker extends Task {
  #crew;

  constructor(scene, crew) {
    super(scene);
    this.#crew = crew;
  }

  async work() {
    const { scene, signal } = this;
    for (;;) {
      const item = this.#crew.next();
      // It never ends by itself: without items, it waits for more.
      if (item === undefined) return new Promise(() => {});
      this.waits = true;
      try {
        await scene.gate.run(() => this.#item(item), { signal });
      } catch (error) {
        this.stopIfEnded();
        return scene.tell('-', outcomeOf(error, scene.tollgate));
      }
      this.#crew.finish(scene.seconds);
    }
  }

  async #item(seconds) {
    this.stopIfEnded();
    this.waits = false;
    await this.sleep(seconds);
  }
}
