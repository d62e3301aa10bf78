import { QueueFullError } from "./errors.js";
import type { Gate, WaitOptions } from "./gate.js";
import { Patience } from "./patience.js";
import { Permit } from "./permit.js";
import { soon } from "./soon.js";
import type { Waiter } from "./waiter.js";

/** How many ever came. */
let arrived = 0;

/** Those who want to be let in by one key's gate, in order. */
export class Lane {
  readonly gate: Gate;
  readonly callers = new Set<Caller>();
  /** Its first is being brought on. */
  advancing = false;

  constructor(gate: Gate) {
    this.gate = gate;
  }
}

/** Gives permits back for somebody who is told otherwise, so that what goes wrong with one is no harm to the next. */
function releaseAll(permits: Permit[], release: (permit: Permit) => void): void {
  for (const permit of permits) {
    try {
      release(permit);
    } catch {
      // The engine has failed, and tells everybody; or somebody has given back what was not theirs.
    }
  }
}

/** One who wants to be let in by its key's gate and then by the total. */
class Caller {
  readonly order = ++arrived;
  readonly lane: Lane;
  readonly cost: number | undefined;
  readonly resolve: (permits: Permit[]) => void;
  readonly reject: (reason: unknown) => void;
  patience: Patience | undefined;
  /** Its place in the queue of the key's gate, or of the total. */
  waiter: Waiter | undefined;
  /** From the key's gate. */
  own: Permit | undefined;

  constructor(lane: Lane, cost: number | undefined, resolve: (permits: Permit[]) => void, reject: (reason: unknown) => void) {
    this.lane = lane;
    this.cost = cost;
    this.resolve = resolve;
    this.reject = reject;
  }
}

/**
 * Who goes next, over all keys: the first to come of those whose own gate lets them in.
 *
 * The first of each lane waits at its gate. Once let in there, it is ready, and the next of its lane stays where it is: so
 * calls that a full total holds up do not gather behind their gate, to leave all at once. Of those who are ready, the
 * first to come waits at the total.
 */
export class Turns {
  readonly #total: Gate;
  /** In order of arrival; at most one of each lane. */
  readonly #ready: Caller[] = [];
  /** The one that waits at the total. */
  #asking: Caller | undefined;
  #going = false;
  /** How many have both permits, and will be told in a microtask. */
  #entering = 0;

  constructor(total: Gate) {
    this.#total = total;
  }

  /** Waits for both permits: of the key's gate, and of the total. */
  join(lane: Lane, options: WaitOptions = {}): Promise<Permit[]> {
    const { cost, signal, timeout } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const [first] = lane.callers;
    // Those behind the first wait for the key's gate as it does, unless it has got that far.
    const waiting = lane.callers.size - (first?.own ? 1 : 0);
    if (first !== undefined && waiting >= lane.gate.mostWaiting) return Promise.reject(new QueueFullError());
    return new Promise((resolve, reject) => {
      const caller = new Caller(lane, cost, resolve, reject);
      lane.callers.add(caller);
      this.#advance(lane);
      if (!lane.callers.has(caller)) return;
      caller.patience = new Patience((reason) => this.#leave(caller, reason), signal, timeout);
    });
  }

  /** The first of a lane asks at its gate. */
  #advance(lane: Lane): void {
    if (lane.advancing) return;
    lane.advancing = true;
    for (;;) {
      const [first] = lane.callers;
      if (first === undefined || first.own !== undefined || first.waiter !== undefined) break;
      // Let in at once, or refused, it may have left by now: then it is the next one's turn.
      this.#ask(lane.gate, first, (permit) => this.#prepare(first, permit));
    }
    lane.advancing = false;
  }

  /** Let in by its own gate. */
  #prepare(caller: Caller, permit: Permit): void {
    caller.own = permit;
    caller.waiter = undefined;
    let place = this.#ready.length;
    while (place > 0 && (this.#ready[place - 1] as Caller).order > caller.order) place--;
    this.#ready.splice(place, 0, caller);
    this.#go();
  }

  /** The first of those who are ready asks at the total. */
  #go(): void {
    if (this.#going) return;
    this.#going = true;
    for (let first = this.#ready[0]; first !== undefined && first !== this.#asking; first = this.#ready[0]) {
      const [before, caller] = [this.#asking, first];
      this.#asking = caller;
      // One who came later gives its place to one who came before.
      before?.waiter?.withdraw();
      if (before !== undefined) before.waiter = undefined;
      this.#ask(this.#total, caller, (permit) => this.#enter(caller, permit));
    }
    this.#going = false;
  }

  /** Enters a gate at once, or joins its queue; whoever is refused leaves. */
  #ask(gate: Gate, caller: Caller, entered: (permit: Permit) => void): void {
    const refused = (error: unknown) => {
      caller.waiter = undefined;
      this.#leave(caller, error);
    };
    let asked: Permit | Waiter | undefined;
    try {
      asked = gate.ask(caller.cost, entered, refused);
    } catch (error) {
      return refused(error);
    }
    if (asked instanceof Permit) entered(asked);
    else caller.waiter = asked;
  }

  /** Let in by both. */
  #enter(caller: Caller, permit: Permit): void {
    const own = caller.own as Permit;
    caller.waiter = undefined;
    const permits = [own, permit];
    const signal = caller.patience?.signal;
    const enter = () => {
      if (!signal?.aborted) return caller.resolve(permits);
      caller.reject(signal.reason);
      releaseAll(permits, (one) => one.releaseUnused());
    };
    caller.patience?.rest();
    if (signal === undefined && this.#entering === 0) enter();
    else {
      // Whoever is aborted in the same turn has not begun, and does not; and nobody behind is faster.
      this.#entering++;
      soon(() => {
        this.#entering--;
        enter();
      });
    }
    this.#remove(caller);
  }

  #leave(caller: Caller, reason: unknown): void {
    caller.patience?.rest();
    caller.reject(reason);
    caller.waiter?.withdraw();
    if (caller.own) releaseAll([caller.own], (own) => own.releaseUnused());
    this.#remove(caller);
  }

  /** Makes way for the next of its lane, and for the next at the total. */
  #remove(caller: Caller): void {
    const { lane } = caller;
    lane.callers.delete(caller);
    const place = this.#ready.indexOf(caller);
    if (place >= 0) this.#ready.splice(place, 1);
    if (this.#asking === caller) this.#asking = undefined;
    this.#advance(lane);
    this.#go();
  }
}
