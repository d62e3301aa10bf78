// Something that goes on by itself, until it is over or ended.

/** Why those who are ended leave. */
const ENDED = new Error('ended');

export class Task {
  isOver = false;
  /** Aborted when the task is ended. */
  #ending = new AbortController();
  scene;

  constructor(scene) {
    this.scene = scene;
  }

  /** Whether it is in the queue of its subject. */
  get waits() {
    return this.scene.waiting.has(this);
  }

  set waits(waits) {
    if (waits) this.scene.waiting.add(this);
    else this.scene.waiting.delete(this);
  }

  get signal() {
    return this.#ending.signal;
  }

  /** Runs it, later. */
  start() {
    queueMicrotask(async () => {
      try {
        if (!this.isOver) await this.work();
      } catch (error) {
        if (error !== ENDED) this.scene.broke(error);
      }
      this.isOver = true;
      this.waits = false;
    });
  }

  /** Ends it where it stands; false if it was over already. */
  end() {
    if (this.isOver) return false;
    this.isOver = true;
    this.waits = false;
    this.#ending.abort(ENDED);
    return true;
  }

  /** Sleeps for so many seconds of the script. */
  sleep(seconds) {
    return this.scene.clock.sleep(this.scene.times.span(seconds), this.signal);
  }

  /** One who has been ended may be let in all the same: its promise was fulfilled before. */
  stopIfEnded() {
    this.signal.throwIfAborted();
  }
}
