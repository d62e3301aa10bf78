import { createFetch, Semaphore, Throttle } from "tollgate";
import { afterEach, expect, test, vi } from "vitest";
import { job } from "./job.mjs";

afterEach(() => vi.useRealTimers());

test("the job", () => job({ Throttle, Semaphore, createFetch }));

test("an hour by the clock of the test", async () => {
  vi.useFakeTimers();
  const gate = new Throttle({ capacity: 1, period: 3_600_000 });
  await gate.run(() => {});
  const later = vi.fn();
  const run = gate.run(later);
  await vi.advanceTimersByTimeAsync(3_599_999);
  expect(later).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  await run;
  expect(later).toHaveBeenCalledOnce();
});
