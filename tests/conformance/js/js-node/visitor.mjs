// A task of `acquire`: it asks, it is let in, it does something there, it leaves.

import { outcomeOf } from './refusals.mjs';
import { Task } from './task.mjs';
import { number } from './times.mjs';

/** What a body fails with. */
const RAISED = new Error('raised');

export class Visitor extends Task {
  /** The name of the current visit. */
  visit;
  #name;
  #ask;
  /** What it was let in with, if it is to give that back itself. */
  #permit;

  constructor(scene, name, ask) {
    super(scene);
    this.#name = this.visit = name;
    this.#ask = ask;
    this.waits = true;
  }

  /** Whether it waits with a limit that the package keeps. */
  get isLimited() {
    return this.#ask.timeout !== undefined && this.scene.gate.keepsTime;
  }

  async work() {
    for (let round = 1; round <= (this.#ask.repeat ?? 1); round++) {
      if (this.#ask.repeat !== undefined) this.visit = `${this.#name}#${round}`;
      this.waits = true;
      await this.#visit();
    }
  }

  end() {
    const ended = super.end();
    // Where it stands, not when it goes on.
    if (ended) this.#permit?.release();
    return ended;
  }

  async #visit() {
    const { scene } = this;
    try {
      await (this.#isRun ? this.#run() : this.#acquire());
    } catch (error) {
      this.stopIfEnded();
      scene.tell(this.visit, error === RAISED ? 'body_error' : outcomeOf(error, scene.tollgate));
    }
  }

  /** A block with a guard is what `run` is for, unless there is no end to it. */
  get #isRun() {
    return this.#ask.form === 'scoped' && !this.#stays;
  }

  get #stays() {
    const { hold, body_timeout, body } = this.#ask;
    return hold === undefined && body_timeout === undefined && body !== 'raise';
  }

  async #run() {
    const cut = await this.#inTime((ask) => this.scene.gate.run(() => this.#inside(), ask));
    this.#tellEnd(cut);
  }

  async #acquire() {
    // Not one `await` more than it takes: who is let in first should be seen first.
    const cut = await this.#inTime((ask) => this.scene.gate.acquire(ask).then((permit) => this.#with(permit)));
    if (!this.#stays) this.#tellEnd(cut);
  }

  async #with(permit) {
    this.#permit = permit;
    try {
      return await this.#inside();
    } finally {
      // One who stays for ever never gives it back, not even at the end.
      this.#permit = undefined;
      if (!this.#stays || this.isOver) permit.release();
    }
  }

  /** Asks with the limit that the script sets. Where it runs out as somebody is let in, being let in counts. */
  async #inTime(enter) {
    const { scene, signal } = this;
    const { cost, host, via, timeout } = this.#ask;
    const ask = { cost: number(cost), host, via, signal };
    const limit = scene.times.spanFromZero(timeout);
    if (limit === undefined) return enter(ask);
    if (scene.gate.keepsTime) return enter({ ...ask, timeout: limit });
    const leaving = new AbortController();
    signal.addEventListener('abort', () => leaving.abort(signal.reason), { once: true });
    const leave = () => leaving.abort(new scene.tollgate.TimeoutError());
    this.#enough = scene.clock.set(limit, leave, { late: true });
    try {
      return await enter({ ...ask, signal: leaving.signal });
    } finally {
      this.#enough();
    }
  }

  /** Clears the limit that the player keeps. */
  #enough = () => {};

  /** Answers whether it was cut. */
  async #inside() {
    this.stopIfEnded();
    this.#enough();
    this.waits = false;
    const { scene, visit } = this;
    const { host, hold, body, body_timeout, locked_sleep } = this.#ask;
    scene.tell(visit, 'admitted', host !== undefined && { host });
    if (locked_sleep !== undefined) {
      if (scene.gate.locked()) await this.sleep(locked_sleep);
      scene.tell(visit, 'request');
    }
    const isCut = body_timeout !== undefined && !(number(hold) <= number(body_timeout));
    const length = isCut ? body_timeout : hold;
    if (length !== undefined) await this.sleep(length);
    if (body === 'raise' && !isCut) throw RAISED;
    return isCut;
  }

  #tellEnd(isCut) {
    const { form, body_timeout, locked_sleep } = this.#ask;
    if (isCut) this.scene.tell(this.visit, 'body_timeout');
    if (form !== 'scoped') return;
    // The block of a plain guard ends like any other; scripts may or may not say so.
    const isPlain = body_timeout === undefined && locked_sleep === undefined;
    this.scene.tell(this.visit, 'done', isPlain && { optional: true });
  }
}
