// The slot of a request, until its body has ended in one way or another.

import { check, errorOf, rest, same, until } from "../check.js";

const api = `${location.origin}/api`;

/** One at a time. */
function one({ Throttle, createFetch }, options) {
  const gate = new Throttle({ concurrency: 1 });
  return { gate, fetch: createFetch({ throttle: gate, ...options }) };
}

const seen = async () => (await fetch(`${api}/seen`)).json();

export async function aLargeBodyHoldsItsSlotUntilItIsRead(tollgate) {
  const { gate, fetch } = one(tollgate);
  const response = await fetch(`${api}/bytes?1000000`);
  const second = fetch(`${api}/echo?second`);
  await rest(100);
  same([gate.inFlight, gate.waiting], [1, 1], "held while nobody reads");
  same((await response.text()).length, 1_000_000, "all of it");
  same(await (await second).text(), "echo second", "the next is sent");
  same(gate.inFlight, 0, "nobody is left");
}

export async function orUntilItIsCancelled(tollgate) {
  const { gate, fetch } = one(tollgate);
  const response = await fetch(`${api}/endless?cancelled`);
  await rest(50);
  same(gate.inFlight, 1, "held");
  await response.body.cancel();
  same(gate.inFlight, 0, "given back");
  await until(async () => (await seen()).cut.includes("cancelled"), "the server is told");
}

export async function orCancelledHalfway(tollgate) {
  const { gate, fetch } = one(tollgate);
  const reader = (await fetch(`${api}/endless`)).body.getReader();
  check((await reader.read()).value.byteLength > 0, "something comes");
  same(gate.inFlight, 1, "held");
  await reader.cancel("enough");
  same(gate.inFlight, 0, "given back");
}

export async function orAborted(tollgate) {
  const { gate, fetch } = one(tollgate);
  const controller = new AbortController();
  const response = await fetch(`${api}/endless`, { signal: controller.signal });
  const reading = errorOf(response.text());
  await rest(20);
  same(gate.inFlight, 1, "held");
  controller.abort();
  same((await reading).name, "AbortError", "reading fails");
  same(gate.inFlight, 0, "given back");
}

export async function aSmallBodyNeedNotBeRead(tollgate) {
  const { gate, fetch } = one(tollgate);
  const first = await fetch(`${api}/bytes?1000`);
  const second = await fetch(`${api}/bytes?1000`);
  same(await Promise.all([first, second].map(async (response) => (await response.text()).length)), [1000, 1000], "read later");
  same(gate.inFlight, 0, "given back");
}

export async function noBodyHoldsNoSlot(tollgate) {
  const { gate, fetch } = one(tollgate);
  same((await fetch(`${api}/bytes?1000`, { method: "HEAD" })).status, 200, "only the head");
  same((await fetch(`${api}/nothing`)).status, 204, "no content");
  await until(() => gate.inFlight === 0, "given back");
}

export async function whoAbortsIsNotSent(tollgate) {
  const { gate, fetch } = one(tollgate);
  await globalThis.fetch(`${api}/reset`);
  const held = await gate.acquire();
  const controller = new AbortController();
  const request = new Request(`${api}/echo?never`, { signal: controller.signal });
  const waiting = [fetch(request), fetch(`${api}/echo?never`, { signal: controller.signal })].map(errorOf);
  same(gate.waiting, 2, "both wait");
  controller.abort();
  for (const error of await Promise.all(waiting)) same(error.name, "AbortError", "gives up");
  held.release();
  same((await seen()).arrivals, [], "the server saw none");
}

export async function whatFailsGivesBack(tollgate) {
  const failure = new TypeError("no network");
  const { gate, fetch } = one(tollgate, { fetch: () => Promise.reject(failure) });
  check((await errorOf(fetch(api))) === failure && gate.inFlight === 0, "given back");
}

export async function theResponseIsAsBefore(tollgate) {
  const { gate, fetch } = one(tollgate);
  const response = await fetch(new URL("/api/echo?like", location.href));
  const plain = await globalThis.fetch(`${api}/echo?like`);
  const what = ({ url, status, ok, type, redirected, headers }) => [url, status, ok, type, redirected, [...headers.keys()]];
  same(what(response), what(plain), "what it says");
  const clone = response.clone();
  same(await Promise.all([response.text(), clone.text()]), ["echo like", "echo like"], "a clone");
  same(what(clone), what(plain), "what that says");
  same(gate.inFlight, 0, "given back");
}

export async function everyWayToRead(tollgate) {
  const { gate, fetch } = one(tollgate);
  const ways = [
    async (response) => (await response.arrayBuffer()).byteLength,
    async (response) => (await response.blob()).size,
    async ({ body }) => {
      let size = 0;
      await body.pipeThrough(new TextDecoderStream()).pipeTo(new WritableStream({ write: (text) => void (size += text.length) }));
      return size;
    },
    async ({ body }) => {
      const reader = body.getReader({ mode: "byob" });
      for (let size = 0; ; ) {
        const { done, value } = await reader.read(new Uint8Array(10_000));
        if (done) return size;
        size += value.byteLength;
      }
    },
  ];
  for (const way of ways) {
    same(await way(await fetch(`${api}/bytes?300000`)), 300_000, `${way}`);
    same(gate.inFlight, 0, "given back");
  }
}

export async function perHost({ createFetch }) {
  await fetch(`${api}/reset`);
  const limited = createFetch({ perHost: { capacity: 5, period: 100, concurrency: 2 } });
  // Relative, as in any page.
  await Promise.all(Array.from({ length: 12 }, async (_, number) => (await limited(`/api/echo?${number}`)).text()));
  const { arrivals, most } = await seen();
  const least = Math.min(...arrivals.slice(5).map((time, index) => time - arrivals[index]));
  check(arrivals.length === 12 && most <= 2 && least >= 100 - 0.001, `${most} at once, 6 within ${least} ms`);
}
