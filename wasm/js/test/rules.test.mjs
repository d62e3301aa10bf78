// createFetch, method by key by status by header by attempt: when each attempt is sent, what the caller gets, and for
// how long the others wait; against the rules said once more, plainly.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createFetch, Throttle } from "tollgate";
import { fakeClock, settle } from "./clock.mjs";
import { look } from "./helpers.mjs";

const METHODS = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "POST", "PATCH", "get", "patch", "PROPFIND"];
const STATUSES = [200, 204, 301, 400, 401, 403, 404, 408, 425, 429, 500, 502, 503, 504];
/** No answer at all. */
const BROKEN = 0;

const date = "Thu, 01 Jan 2026 00:00:00 GMT";
/** Fields, and for how many seconds they say to wait. */
const HEADERS = [
  [{}, undefined],
  [{ "retry-after": "0" }, 0],
  [{ "retry-after": "2" }, 2],
  [{ "retry-after": "121" }, 121],
  [{ "retry-after": "Thu, 01 Jan 2026 00:00:03 GMT", date }, 3],
  [{ "retry-after": "soon" }, undefined],
  [{ ratelimit: '"a";r=0;t=7' }, 7],
  [{ "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(Date.parse(date) / 1000 + 8), date }, 9],
];

const RULES = [
  { name: "as they are", options: {}, retries: 2, methods: ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"], also: [] },
  { name: "one's own", options: { retries: 3, methods: ["POST", "PROPFIND"], retryOn: [404, 500], maxRetryAfter: 3_600_000 }, retries: 3, methods: ["POST", "PROPFIND"], also: [404, 500] },
];

/** When attempts are sent if all get the same answer. */
function expected(rules, method, key, status, told) {
  const refused = status === 429 || status === 503;
  // `fetch` takes these in any case.
  const sent = ["get", "post", "put", "head", "delete", "options"].includes(method.toLowerCase()) ? method.toUpperCase() : method;
  const longest = rules.options.maxRetryAfter ?? 120_000;
  const times = [0];
  if (!refused && status !== BROKEN && !rules.also.includes(status)) return times;
  if (!key && !rules.methods.includes(sent)) return times;
  for (let attempt = 1; attempt <= rules.retries; attempt++) {
    const wait = status === BROKEN || told === undefined ? attempt * 500 : told * 1000;
    if (wait > longest) break;
    times.push(times.at(-1) + wait);
  }
  return times;
}

for (const rules of RULES) {
  test(`every row is as the rules say: ${rules.name}`, { timeout: 120_000 }, async (t) => {
    const clock = fakeClock(t);
    let rows = 0;
    for (const method of METHODS) {
      for (const key of [false, true]) {
        for (const status of [BROKEN, ...STATUSES]) {
          for (const [fields, told] of status === BROKEN ? [HEADERS[0]] : HEADERS) {
            const row = `${method}, key ${key}, ${status} with ${JSON.stringify(fields)}`;
            const begun = clock.time;
            const throttle = new Throttle({ concurrency: 2 });
            const sent = [];
            const fetch = createFetch({
              ...rules.options,
              throttle,
              jitter: false,
              backoff: (attempt) => attempt * 500,
              fetch: async () => {
                sent.push(clock.time - begun);
                if (status === BROKEN) throw new TypeError("fetch failed");
                return new Response(status === 204 ? null : "text", { status, headers: fields });
              },
            });
            const asked = look(fetch("http://host/", { method, headers: key ? { "Idempotency-Key": "1" } : {} }));
            await settle();
            const holds = told !== undefined && (status === 429 || status === 503);
            const longest = rules.options.maxRetryAfter ?? 120_000;
            if (holds) assert.equal(throttle.check().wait, Math.min(told * 1000, longest), `${row}: the others wait`);
            else if (told !== undefined) assert.equal(throttle.paused, false, `${row}: nobody else waits`);
            await clock.advance(1_000_000);
            assert.deepEqual(sent, expected(rules, method, key, status, told), row);
            if (status === BROKEN) assert.equal(asked.error?.message, "fetch failed", row);
            else assert.equal(asked.value?.status, status, row);
            assert.deepEqual([throttle.inFlight, throttle.waiting], [0, 0], row);
            rows++;
          }
        }
      }
    }
    assert.equal(rows, METHODS.length * 2 * (STATUSES.length * HEADERS.length + 1));
  });
}
