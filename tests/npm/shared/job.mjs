// What every consumer runs with the package as its tools have given it: a throttled job, and whether that went as
// promised. Given as an argument, so that one text serves imports, requires, bundles and pages.

const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function check(holds, what) {
  if (!holds) throw new Error(`the job went wrong: ${what}`);
}

/** The error that something ends with. */
async function errorOf(something) {
  try {
    await something();
  } catch (error) {
    return error;
  }
  throw new Error(`the job went wrong: nothing was thrown by ${something}`);
}

/** Does the job, and says so in the line that the runner waits for. `api`: where there is a server to fetch from. */
export async function job({ Throttle, Semaphore, createFetch }, { api, say = console.log } = {}) {
  const said = [await throttled(Throttle)];
  await aborted(Throttle);
  await mapped(Semaphore);
  await refused(Throttle, Semaphore);
  if (api) said.push(await fetched(Throttle, createFetch, api));
  say(`job done: ${said.join("; ")}`);
}

/** 20 per 100 ms, 5 at once, 60 calls. */
async function throttled(Throttle) {
  const gate = new Throttle({ capacity: 20, period: 100, concurrency: 5 });
  const times = [];
  const order = [];
  let inside = 0;
  let most = 0;
  const start = performance.now();
  const call = async (number) => {
    times.push(performance.now());
    order.push(number);
    most = Math.max(most, ++inside);
    await rest(2);
    inside--;
    return number;
  };
  const all = await Promise.all(Array.from({ length: 60 }, (_, number) => gate.run(() => call(number))));
  const took = performance.now() - start;

  check(all.length === 60 && all.every((number, index) => number === index), `results are ${all}`);
  check(order.every((number, index) => number === index), `the order was ${order}`);
  check(most === 5, `${most} at once instead of 5`);
  // The 21st call of each window starts a period after the first; a microsecond is for the rounding of floats.
  const shortest = Math.min(...times.slice(20).map((time, index) => time - times[index]));
  check(shortest >= 100 - 0.001, `21 calls within ${shortest} ms instead of 100`);
  check(took >= 200 && took < 5000, `took ${took} ms`);
  check(gate.waiting === 0 && gate.inFlight === 0, `${gate.waiting} wait and ${gate.inFlight} are inside after the end`);
  return `60 calls in ${Math.round(took)} ms`;
}

/** One who gives up keeps nobody else from getting in. */
async function aborted(Throttle) {
  const gate = new Throttle({ concurrency: 1 });
  const permit = await gate.acquire();
  const controller = new AbortController();
  let called = false;
  const first = gate.run(() => (called = true), { signal: controller.signal });
  const second = gate.run(() => "second");
  const reason = new Error("changed my mind");
  controller.abort(reason);
  check((await errorOf(() => first)) === reason, "an aborted call rejects with the reason");
  permit.release();
  check((await second) === "second" && !called, "an aborted call is not made");
}

async function mapped(Semaphore) {
  let inside = 0;
  let most = 0;
  const squares = await new Semaphore(3).map([9, 8, 7, 6, 5, 4, 3, 2, 1], async (number) => {
    most = Math.max(most, ++inside);
    await rest(number);
    inside--;
    return number * number;
  });
  check(String(squares) === "81,64,49,36,25,16,9,4,1", `mapped to ${squares}`);
  check(most === 3, `${most} at once instead of 3`);
}

async function refused(Throttle, Semaphore) {
  const wrong = [
    ["capacity", () => new Throttle({ capacity: -1 })],
    ["period", () => new Throttle({ capacity: 1, period: 0 })],
    ["concurrency", () => new Throttle({ concurrency: 1.5 })],
    ["timeout", () => new Throttle({ concurrency: 1 }).acquire({ timeout: NaN })],
    ["permits", () => new Semaphore(-1)],
  ];
  for (const [name, something] of wrong) {
    const error = await errorOf(something);
    check(error instanceof RangeError && error.message.startsWith(`${name} is `), `${something} says ${error}`);
  }
}

/** 10 per 200 ms, 3 at once, by the server's own account. */
async function fetched(Throttle, createFetch, api) {
  const fetch = createFetch({ throttle: new Throttle({ capacity: 10, period: 200, concurrency: 3, counting: "answered" }) });
  await (await globalThis.fetch(`${api}/reset`)).text();
  const pages = await Promise.all(Array.from({ length: 24 }, async (_, number) => (await fetch(`${api}/echo?${number}`)).text()));
  check(pages.every((text, number) => text === `echo ${number}`), `fetched ${pages}`);
  const { arrivals, most } = await (await globalThis.fetch(`${api}/seen`)).json();
  check(arrivals.length === 24 && most <= 3, `the server saw ${arrivals.length} requests, ${most} at once`);
  const shortest = Math.min(...arrivals.slice(10).map((time, index) => time - arrivals[index]));
  check(shortest >= 200 - 0.001, `the server saw 11 requests within ${shortest} ms instead of 200`);
  return "24 requests, as the server wants them";
}
