// What the tasks of a script share, and what is seen of them.

export class Scene {
  tollgate;
  clock;
  times;
  gate;
  /** By name, in the order in which they came. */
  tasks = new Map();
  /** Those of them that are in the queue. */
  waiting = new Set();
  events = [];
  probes = [];
  #trouble;

  constructor(tollgate, clock, times, gate) {
    Object.assign(this, { tollgate, clock, times, gate });
  }

  get seconds() {
    return this.times.seconds(this.clock.elapsed);
  }

  /** Notes an outcome, now. */
  tell(who, outcome, more) {
    this.events.push({ at: this.seconds, who, outcome, ...more });
  }

  /** Something broke in a task; the first is what counts. */
  broke(error) {
    this.#trouble ??= { error };
  }

  /** Throws what broke, and where the library has more alarms set than it may. */
  check() {
    if (this.#trouble) throw this.#trouble.error;
    this.#expectAlarms(this.waiting.size === 0 ? 0 : this.gate.mostAlarms(this.waiting));
  }

  /** Ends all tasks, without further events. Nothing may be left of them. */
  async end() {
    for (const task of this.tasks.values()) task.end();
    await this.clock.settle();
    if (this.#trouble) throw this.#trouble.error;
    this.#expectAlarms(0);
  }

  #expectAlarms(most) {
    const set = this.clock.alarmsUnderTest;
    if (set > most) throw new Error(`at ${this.seconds}: expected at most ${most} alarms set by the library, got ${set}`);
  }
}
