// Who keeps a limit, and who uses it: calls at 50 per 250 ms, and at 10, 100 and 1,000 per second.
//
// The worst window is as a call sees it itself, by `performance.now` when it begins. The share is of what the limit
// allows from the first call to the last; for those that space calls evenly, and so do not begin with a burst, it is
// of what even spacing allows. Slow rates run at the same time, since they leave the machine all but idle.

import { RateLimit } from "async-sema";
import Bottleneck from "bottleneck";
import { RateLimiter } from "limiter";
import PQueue from "p-queue";
import pThrottle from "p-throttle";
import { Throttle } from "tollgate";
import { quick, tellQuota } from "./figures.mjs";

/** Each makes a function that calls another one, limited. */
const contestants = {
  "tollgate window": (capacity, period) => {
    const gate = new Throttle({ capacity, period });
    return (call) => gate.run(call);
  },
  "tollgate smooth": (capacity, period) => {
    const gate = new Throttle({ capacity, period, pacing: "smooth" });
    return (call) => gate.run(call);
  },
  "p-throttle": (limit, interval) => pThrottle({ limit, interval })((call) => call()),
  "p-throttle strict": (limit, interval) => pThrottle({ limit, interval, strict: true })((call) => call()),
  "p-queue": (intervalCap, interval) => {
    const queue = new PQueue({ intervalCap, interval });
    return (call) => queue.add(call);
  },
  "p-queue strict": (intervalCap, interval) => {
    const queue = new PQueue({ intervalCap, interval, strict: true });
    return (call) => queue.add(call);
  },
  limiter: (tokensPerInterval, interval) => {
    const limiter = new RateLimiter({ tokensPerInterval, interval });
    return async (call) => {
      await limiter.removeTokens(1);
      call();
    };
  },
  "async-sema RateLimit": (limit, timeUnit) => {
    const enter = RateLimit(limit, { timeUnit });
    return async (call) => {
      await enter();
      call();
    };
  },
  "bottleneck minTime": (limit, period) => {
    const limiter = new Bottleneck({ minTime: period / limit });
    return (call) => limiter.schedule(async () => call());
  },
};

const EVENLY_SPACED = ["tollgate smooth", "bottleneck minTime"];

/** The most calls in any window of one period, wherever it starts. */
function worstWindow(times, period) {
  let worst = 0;
  for (let first = 0, after = 0; first < times.length; first++) {
    while (after < times.length && times[after] - times[first] < period) after++;
    worst = Math.max(worst, after - first);
  }
  return worst;
}

async function run(name, row, limit, period, calls) {
  const limited = contestants[name](limit, period);
  const times = [];
  await Promise.all(Array.from({ length: calls }, () => limited(() => times.push(performance.now()))));
  times.sort((a, b) => a - b);
  // All but the first quota, or the first call, had to wait.
  const atOnce = EVENLY_SPACED.includes(name) ? 1 : limit;
  const share = (((calls - atOnce) / limit) * period) / (times.at(-1) - times[0]);
  tellQuota("Node: quota", row, name, share, worstWindow(times, period), limit);
}

// A whole number of periods, so that a limiter by periods could use all of each.
const names = Object.keys(contestants);
const periods = quick ? 3 : 6;
const slow = [
  ["10/s", 10, 1000],
  ["100/s", 100, 1000],
];
await Promise.all(
  slow.flatMap(([row, limit, period]) => names.map((name) => run(name, row, limit, period, limit * periods))),
);
for (const name of names) {
  await run(name, "50/250 ms", 50, 250, quick ? 250 : 500);
  await run(name, "1,000/s", 1000, 1000, quick ? 2000 : 4000);
}
