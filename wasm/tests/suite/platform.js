// What lies between the timer and the platform in these tests. It counts alarms, and it can stop the clock and move
// it by hand. Made once, so that a test which failed cannot leave its own functions behind as the real ones.
globalThis.tollgatePlatform ??= (() => {
  const LONGEST = 2 ** 31 - 1;
  // No test needs so many; who sets alarms without end is to fail, not to hang.
  const MOST_RINGS = 1_000;
  const real = {
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    now: performance.now.bind(performance),
  };
  const turn = () => new Promise((done) => real.setTimeout.call(globalThis, done, 0));
  const alarms = new Map(); // by number: what to call, when it is due, and its number on the platform
  let clock, last, set, cleared, most, delay;

  const rings = (number) => {
    const alarm = alarms.get(number);
    alarms.delete(number);
    alarm.call();
  };

  const setTimeout = (call, ms, ...args) => {
    const number = ++last;
    // As the platform does: fractions are cut off, and what is too long is no time at all.
    const whole = ms >= 1 && ms <= LONGEST ? Math.trunc(ms) : 1;
    const alarm = { call: () => call(...args), due: clock + whole };
    if (clock === undefined) {
      alarm.real = real.setTimeout.call(globalThis, () => rings(number), ms);
    }
    alarms.set(number, alarm);
    set += 1;
    delay = ms;
    most = Math.max(most, alarms.size);
    return number;
  };

  const clearTimeout = (number) => {
    const alarm = alarms.get(number);
    if (alarm !== undefined) {
      real.clearTimeout.call(globalThis, alarm.real);
      alarms.delete(number);
      cleared += 1;
    }
  };

  const platform = {
    // The real platform, with its alarms counted.
    watch() {
      platform.restore();
      Object.assign(globalThis, { setTimeout, clearTimeout });
    },
    // A clock that stands, and alarms that ring when told to.
    take() {
      platform.watch();
      clock = Math.ceil(real.now());
      performance.now = () => clock;
    },
    restore() {
      alarms.forEach((alarm) => real.clearTimeout.call(globalThis, alarm.real));
      alarms.clear();
      [clock, last, set, cleared, most, delay] = [undefined, 0, 0, 0, 0, undefined];
      Object.assign(globalThis, { setTimeout: real.setTimeout, clearTimeout: real.clearTimeout });
      delete performance.now;
    },

    // Time goes by, and each alarm rings when it is due.
    async pass(ms) {
      const end = clock + ms;
      await turn();
      for (let rung = 0; ; rung += 1) {
        if (rung === MOST_RINGS) {
          throw new Error(`${rung} alarms rang within ${ms} ms`);
        }
        const due = [...alarms].filter(([, { due }]) => due <= end).sort(([, a], [, b]) => a.due - b.due);
        if (due.length === 0) {
          break;
        }
        const [[number, alarm]] = due;
        clock = Math.max(clock, alarm.due);
        rings(number);
        await turn();
      }
      clock = end;
    },
    // Time goes by while nothing rings: a tab that was put to sleep.
    skip(ms) {
      clock += ms;
    },
    // All that are set ring now, due or not.
    async ring() {
      [...alarms.keys()].forEach(rings);
      await turn();
    },
    // On the real clock, uncounted.
    sleep(ms) {
      return new Promise((done) => real.setTimeout.call(globalThis, done, ms));
    },

    counts: () => Uint32Array.of(alarms.size, most, set, cleared),
    delay: () => delay,
  };
  platform.restore();

  // A page has a time limit. Node has none; and if a test waits for what never comes, it ends half way, as if all had
  // gone well.
  if (globalThis.process !== undefined) {
    const stuck = () => {
      // Not by `console`, which is kept back until a test ends.
      process.stderr.write("the suite is stuck in the test after the last one shown\n");
      process.exit(1);
    };
    process.once("beforeExit", stuck);
    real.setTimeout(stuck, 60_000).unref();
  }
  return platform;
})();
