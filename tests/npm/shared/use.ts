// Every exported name, as TypeScript sees it; run as well, so that the types do not promise what is not there.
// `used.mjs` sees to it that none is left out.

import {
  adopt,
  BoundedSemaphore,
  type Check,
  ClosedError,
  type CloseOptions,
  CostError,
  createFetch,
  type ErrorCode,
  type FetchOptions,
  type Gate,
  Keyed,
  type KeyedOptions,
  type Mapped,
  OverReleaseError,
  type Permit,
  QueueFullError,
  type Rate,
  type GateEvent,
  type GateEvents,
  type RetryInfo,
  Semaphore,
  type SemaphoreOptions,
  Throttle,
  type ThrottleOptions,
  TimeoutError,
  TollgateError,
  type WaitOptions,
} from "tollgate";
import * as slim from "tollgate/slim";

type Same<A, B> = (<T,>() => T extends A ? 1 : 2) extends (<T,>() => T extends B ? 1 : 2) ? true : false;
/** Compiles if a value is of exactly this type. */
const is = <T,>() => <V,>(value: V, ..._: Same<V, T> extends true ? [] : [never]): V => value;

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`not as typed: ${what}`);
}

export async function use(): Promise<void> {
  await gates();
  await results();
  await errors();
  fetching();
  // What is wrong is told to the compiler only: none of it is run.
  void wrong;
  console.log("job done: typed");
}

async function gates(): Promise<void> {
  const rate: Rate = { capacity: 10, period: 1000, pacing: "bucket", burst: 10, counting: "answered" };
  const options: ThrottleOptions = { rates: [rate], concurrency: 2, cooldown: 0, maxWaiting: 5 };
  const throttle: Throttle = new Throttle(options);
  const queue: SemaphoreOptions = { maxWaiting: 5 };
  const semaphore: Semaphore = new Semaphore(2, queue);
  semaphore.capacity = 3;
  is<boolean>()(semaphore.locked);

  const wait: WaitOptions = { cost: 1, signal: new AbortController().signal, timeout: 100 };
  for (const gate of [throttle, semaphore] satisfies Gate[]) {
    {
      using permit = await gate.acquire(wait);
      is<Permit>()(permit);
      check(gate.inFlight === 1 && permit.cost === 1, "a permit is held in its block");
      await using _another = await gate.acquire();
    }
    check(gate.inFlight === 0, "and given back at the end of the block");
    const perhaps = is<Permit | undefined>()(gate.tryAcquire());
    is<boolean | undefined>()(perhaps?.release());
  }
  const { ready, wait: left }: Check = throttle.check(1);
  check(is<boolean>()(ready) && is<number>()(left) === 0, "check");
  throttle.pause(1);
  throttle.resume();
  throttle.update({ concurrency: 3 });
  throttle.refund();
  is<boolean>()(throttle.paused);

  const keyed: KeyedOptions = { total: semaphore, maxKeys: 10, idle: 1000 };
  const hosts = new Keyed((host: string) => new Throttle({ capacity: host.length }), keyed);
  is<Throttle>()(hosts.get("a.example"));
  is<number>()(await hosts.run("a.example", async () => 1));
  (await hosts.acquire("b.example")).release();
  is<number>()(hosts.size);

  const how: CloseOptions = { drain: true };
  await throttle.close(how);
  await semaphore.onIdle({ signal: new AbortController().signal });
  is<number>()(semaphore.clear("enough"));
}

async function results(): Promise<void> {
  const gate = new Semaphore(2);
  is<string>()(await gate.run(() => "now"));
  is<string>()(await gate.run(async () => "later"));

  const page = gate.wrap(async (url: URL, retries?: number) => ({ host: url.host, retries }));
  is<(url: URL, retries?: number) => Promise<{ host: string; retries: number | undefined }>>()(page);
  check((await page(new URL("http://a.example"))).host === "a.example", "wrap");
  const plain = gate.wrap((text: string) => text.length, (text) => ({ cost: is<string>()(text).length > 1 ? 2 : 1 }));
  is<number>()(await plain("abc"));

  const mapped = gate.map(["a", "bb"], (text, index) => is<string>()(text).length + is<number>()(index));
  is<Mapped<number>>()(mapped);
  check(String(is<number[]>()(await mapped)) === "1,3", "map");
  async function* source() {
    yield 1;
  }
  for await (const text of gate.map(source(), async (number) => `${number}`)) is<string>()(text);
}

async function errors(): Promise<void> {
  const gate = new BoundedSemaphore(1, { maxWaiting: 0 });
  const failing: [new () => TollgateError, () => unknown][] = [
    [OverReleaseError, () => gate.release()],
    [CostError, () => new Throttle({ capacity: 1 }).tryAcquire(2)],
    [QueueFullError, () => Promise.all([gate.run(() => new Promise((end) => setTimeout(end, 1))), gate.acquire()])],
    [TimeoutError, () => new Semaphore(0).acquire({ timeout: 1 })],
    [ClosedError, () => gate.close().then(() => gate.acquire())],
  ];
  for (const [Kind, fail] of failing) {
    const error: unknown = await Promise.resolve().then(fail).catch((error: unknown) => error);
    check(error instanceof Kind && error instanceof TollgateError && error instanceof Error, `${Kind.name}, not ${error}`);
    if (error instanceof TollgateError) is<ErrorCode>()(error.code);
  }
}

function fetching(): void {
  const onRetry = ({ request, response, attempt, delay }: RetryInfo): void => {
    is<Request>()(request);
    is<Response | undefined>()(response);
    is<number>()(attempt + delay);
  };
  const cost = (request: Request): number => request.url.length;
  const options: FetchOptions = { perHost: { capacity: 10 }, cost, onRetry, retries: 3, backoff: (attempt) => is<number>()(attempt) };
  is<typeof globalThis.fetch>()(createFetch(options));
  const throttle = new Throttle({ capacity: 10 });
  const listen = (event: GateEvent): void => void is<keyof GateEvents>()(event.type);
  const watching: Disposable = throttle.on("paused", (event) => listen(is<GateEvents["paused"]>()(event)));
  throttle.on("retried", ({ request, delay }) => void [is<Request>()(request), is<number>()(delay)]);
  void watching;
  slim.init satisfies (wasm: ArrayBuffer | Uint8Array<ArrayBuffer>) => void;
  check(slim.Throttle === Throttle && slim.adopt === adopt, "both entries are the same classes");
}

async function wrong(gate: Throttle, permit: Permit, keyed: Keyed<string, Throttle>): Promise<void> {
  // @ts-expect-error there is no throttle without settings
  new Throttle();
  // @ts-expect-error a number
  new Throttle({ capacity: "20" });
  // @ts-expect-error no such pacing
  new Throttle({ capacity: 1, pacing: "sliding" });
  // @ts-expect-error no such option
  new Throttle({ capactiy: 1 });
  // @ts-expect-error how many?
  new Semaphore();
  // @ts-expect-error milliseconds
  await gate.acquire({ timeout: "1s" });
  // @ts-expect-error a controller is not its signal
  await gate.acquire({ signal: new AbortController() });
  // @ts-expect-error a function, not what it answers
  await gate.run(5);
  // @ts-expect-error what it answers is not a number
  const _text: number = await gate.run(() => "text");
  // @ts-expect-error the arguments of the function
  await gate.wrap((count: number) => count)("one");
  // @ts-expect-error is told, not set
  permit.released = true;
  // @ts-expect-error permits come from gates
  new (permit.constructor as Permit)(gate, 1);
  // @ts-expect-error of a semaphore only
  gate.capacity = 3;
  // @ts-expect-error keys are strings here
  await keyed.run(1, () => {});
  // @ts-expect-error not to be made by users
  new slim.Gate();
  // @ts-expect-error what limits?
  createFetch();
  // @ts-expect-error internal
  gate.begin(1);
}
