// The semaphores and queues that are compared. Each makes a function that is called again and again.

import { Semaphore as AsyncMutexSemaphore } from "async-mutex";
import { Sema } from "async-sema";
import Bottleneck from "bottleneck";
import pLimit from "p-limit";
import PQueue from "p-queue";
import { Semaphore } from "tollgate";

const work = async () => {};

/** Acquires and releases. */
export const acquireAndRelease = {
  tollgate: (permits) => {
    const gate = new Semaphore(permits);
    return async () => (await gate.acquire()).release();
  },
  "async-sema": (permits) => {
    const gate = new Sema(permits);
    return async () => {
      await gate.acquire();
      gate.release();
    };
  },
  "async-mutex": (permits) => {
    const gate = new AsyncMutexSemaphore(permits);
    return async () => {
      const [, release] = await gate.acquire();
      release();
    };
  },
};

/** The same, around a function. */
export const run = {
  tollgate: (permits) => {
    const gate = new Semaphore(permits);
    return () => gate.run(work);
  },
  "p-limit": (permits) => {
    const limit = pLimit(permits);
    return () => limit(work);
  },
  "p-queue": (permits) => {
    const queue = new PQueue({ concurrency: permits });
    return () => queue.add(work);
  },
  "async-mutex": (permits) => {
    const gate = new AsyncMutexSemaphore(permits);
    return () => gate.runExclusive(work);
  },
  bottleneck: (permits) => {
    const limiter = new Bottleneck({ maxConcurrent: permits });
    return () => limiter.schedule(work);
  },
};

/** Those that can have a backlog; async-sema has no `run` of its own. */
export const backlog = {
  ...run,
  "async-sema": (permits) => {
    const gate = new Sema(permits);
    return async () => {
      await gate.acquire();
      try {
        await work();
      } finally {
        gate.release();
      }
    };
  },
};

/** How many calls the slowest are given at most, and why. */
export const most = {
  "async-mutex": [10_000, "its time grows with the square of the backlog"],
  bottleneck: [1_000, "takes milliseconds for each"],
};
