// A `createFetch` whose server answers as told, on a clock that is moved by hand.

import assert from "node:assert/strict";
import { createFetch, Throttle } from "tollgate";
import { look } from "./helpers.mjs";

export const url = "http://host/a";
export const refused = (fields = {}, status = 429) => () => new Response("later", { status, headers: fields });
export const ok = (text = "ok") => () => new Response(text);
export const broken = () => {
  throw new TypeError("fetch failed");
};

/** A fetch whose server answers as told, the last for ever; and what was sent when. */
export function setup(clock, answers, options = {}) {
  const sent = [];
  const throttle = new Throttle({ concurrency: 10 });
  const fetch = createFetch({
    throttle,
    backoff: (attempt) => attempt * 500,
    fetch: async (input, init) => {
      sent.push([clock.time, input instanceof Request ? input.url : String(input), init]);
      return (answers[sent.length - 1] ?? answers.at(-1))(input, init);
    },
    ...options,
  });
  return { fetch, throttle, sent, times: () => sent.map(([time]) => time) };
}

/** Takes all who wait for time through it. */
export async function through(clock, promise, ms = 300_000) {
  const seen = look(promise);
  await clock.advance(ms);
  assert.notEqual(seen.state, "pending");
  if (seen.state === "broken") throw seen.error;
  return seen.value;
}
