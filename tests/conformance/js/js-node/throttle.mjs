// `throttle`: the class of this name.

import { NotApplicable, Unsupported } from './refusals.mjs';
import { number } from './times.mjs';
import { closed, options, tried } from './words.mjs';

const COUNTING = { from_admission: 'admission', until_answered: 'answered' };

export class ThrottleGate {
  keepsTime = true;
  throttle;
  #times;
  #rates;
  #concurrency;

  constructor({ Throttle }, { rates, concurrency, cooldown, max_waiting }, times) {
    this.#times = times;
    this.#rates = rates;
    this.#concurrency = number(concurrency);
    const all = rates.map((rate) => this.#rate(rate));
    // A single rate is written without a list.
    const settings = all.length === 1 ? all[0] : { rates: all };
    this.throttle = new Throttle({ ...settings, ...this.#others({ concurrency, cooldown, max_waiting }) });
  }

  mostAlarms() {
    return 1;
  }

  acquire(ask) {
    return this.throttle.acquire(this.#options(ask));
  }

  run(fn, ask) {
    return this.throttle.run(fn, this.#options(ask));
  }

  #options(ask) {
    if (ask.via === 'consume') throw new NotApplicable('units cannot be taken without a slot');
    return options(ask);
  }

  locked() {
    return !this.throttle.check().ready;
  }

  probe({ what, arg }) {
    switch (what) {
      case 'locked':
        return this.locked();
      case 'value':
        if (this.#concurrency === 0) throw new Unsupported('count slots, having none');
        return Math.max(0, this.#concurrency - this.throttle.inFlight);
      case 'level':
        return this.throttle.available;
      case 'has_capacity':
        return tried(() => this.throttle.check(number(arg)).ready);
      case 'try_acquire':
        return tried(() => this.throttle.tryAcquire(number(arg)) !== undefined);
      case 'waiting':
        return this.throttle.waiting;
      case 'in_flight':
        return this.throttle.inFlight;
      case 'paused':
        return this.throttle.paused;
      case 'closed':
        return closed(this.throttle);
      default:
        throw new Unsupported(`be asked for its ${what}`);
    }
  }

  obey(step) {
    switch (step.do) {
      case 'pause':
        return this.throttle.pause(this.#times.spanFromZero(step.seconds));
      case 'resume':
        return this.throttle.resume();
      case 'close':
        return void this.throttle.close();
      case 'refund':
        return this.throttle.refund(number(step.cost));
      case 'update':
        return this.#update(step);
      default:
        throw new Unsupported(step.do);
    }
  }

  #update(step) {
    if (step.value !== undefined) throw new Unsupported('change a value, having none');
    const rate = mentioned({
      capacity: number(step.capacity),
      period: this.#times.span(step.period),
      pacing: step.pacing,
      burst: number(step.burst),
      counting: COUNTING[step.counting],
    });
    if (step.interval !== undefined) throw new NotApplicable('a stepped bucket is refilled once in a period, at no other interval');
    if (Object.keys(rate).length > 0 && this.#rates.length !== 1) {
      throw new Unsupported('change its rate, not having exactly one');
    }
    this.throttle.update({ ...rate, ...this.#others(step) });
    this.#concurrency = number(step.concurrency) ?? this.#concurrency;
  }

  #rate({ capacity, period, pacing, burst, interval, counting }) {
    // 0 is no interval at all.
    if (pacing === 'stepped' && (number(interval) || number(period)) !== number(period)) {
      throw new NotApplicable('a stepped bucket is refilled once in a period, at no other interval');
    }
    const times = { period: this.#times.span(period) };
    return mentioned({ capacity: number(capacity), ...times, pacing, burst: number(burst), counting: COUNTING[counting] });
  }

  #others({ concurrency, cooldown, max_waiting }) {
    return mentioned({
      concurrency: number(concurrency),
      cooldown: this.#times.span(cooldown),
      maxWaiting: number(max_waiting),
    });
  }
}

/** Without what is absent, so that the package's own defaults are played. */
function mentioned(settings) {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
