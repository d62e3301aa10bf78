// Who keeps a limit, and who uses it: 500 calls at 50 per 250 ms.
//
// The worst window is as a call sees it itself, by `performance.now` when it begins. The share is of what the limit
// allows from the first call to the last; for those that space calls evenly, and so do not begin with a burst, it is
// of what even spacing allows.

import { RateLimit } from "async-sema";
import Bottleneck from "bottleneck";
import { RateLimiter } from "limiter";
import PQueue from "p-queue";
import pThrottle from "p-throttle";
import { Throttle } from "tollgate";

const LIMIT = 50;
const PERIOD = 250;
const CALLS = 500;

/** Each makes a function that calls another one, limited. */
const contestants = {
  "tollgate window": () => {
    const gate = new Throttle({ capacity: LIMIT, period: PERIOD });
    return (call) => gate.run(call);
  },
  "tollgate smooth": () => {
    const gate = new Throttle({ capacity: LIMIT, period: PERIOD, pacing: "smooth" });
    return (call) => gate.run(call);
  },
  "p-throttle": () => pThrottle({ limit: LIMIT, interval: PERIOD })((call) => call()),
  "p-throttle strict": () => pThrottle({ limit: LIMIT, interval: PERIOD, strict: true })((call) => call()),
  "p-queue": () => {
    const queue = new PQueue({ intervalCap: LIMIT, interval: PERIOD });
    return (call) => queue.add(call);
  },
  "p-queue strict": () => {
    const queue = new PQueue({ intervalCap: LIMIT, interval: PERIOD, strict: true });
    return (call) => queue.add(call);
  },
  limiter: () => {
    const limiter = new RateLimiter({ tokensPerInterval: LIMIT, interval: PERIOD });
    return async (call) => {
      await limiter.removeTokens(1);
      call();
    };
  },
  "async-sema RateLimit": () => {
    const enter = RateLimit(LIMIT, { timeUnit: PERIOD });
    return async (call) => {
      await enter();
      call();
    };
  },
  "bottleneck minTime": () => {
    const limiter = new Bottleneck({ minTime: PERIOD / LIMIT });
    return (call) => limiter.schedule(async () => call());
  },
};

const EVENLY_SPACED = ["tollgate smooth", "bottleneck minTime"];

/** The most calls in any window of one period, wherever it starts. */
function worstWindow(times) {
  let worst = 0;
  for (let first = 0, after = 0; first < times.length; first++) {
    while (after < times.length && times[after] - times[first] < PERIOD) after++;
    worst = Math.max(worst, after - first);
  }
  return worst;
}

console.log(`${CALLS} calls at ${LIMIT} per ${PERIOD} ms  worst window   quota used`);
for (const [name, make] of Object.entries(contestants)) {
  const limited = make();
  const times = [];
  await Promise.all(Array.from({ length: CALLS }, () => limited(() => times.push(performance.now()))));
  times.sort((a, b) => a - b);
  // All but the first quota, or the first call, had to wait.
  const atOnce = EVENLY_SPACED.includes(name) ? 1 : LIMIT;
  const share = (((CALLS - atOnce) / LIMIT) * PERIOD) / (times.at(-1) - times[0]);
  console.log(`${name.padEnd(30)} ${String(worstWindow(times)).padStart(12)} ${(share * 100).toFixed(1).padStart(10)} %`);
  await new Promise((resolve) => setTimeout(resolve, PERIOD));
}
