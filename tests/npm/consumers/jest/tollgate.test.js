const { createFetch, Semaphore, Throttle } = require("tollgate");
const { job } = require("./job.cjs");

afterEach(() => jest.useRealTimers());

test("the job", () => job({ Throttle, Semaphore, createFetch }));

test("an hour by the clock of the test", async () => {
  jest.useFakeTimers();
  const gate = new Throttle({ capacity: 1, period: 3_600_000 });
  await gate.run(() => {});
  const later = jest.fn();
  const run = gate.run(later);
  await jest.advanceTimersByTimeAsync(3_599_999);
  expect(later).not.toHaveBeenCalled();
  await jest.advanceTimersByTimeAsync(1);
  await run;
  expect(later).toHaveBeenCalledTimes(1);
});
