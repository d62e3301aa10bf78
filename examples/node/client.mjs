// A client that keeps to its limits, sends again what was refused, waits when it is told to, and closes cleanly:
// node client.mjs [url]
//
// It allows itself 100 requests per second and 5 at once. The API is stricter than that: it answers 429 at 40 per
// second, and the Retry-After of one such answer holds back all callers. Without a URL, a server like that is started
// (`cargo run --package tollgate-server`).

import { setTimeout as sleep } from "node:timers/promises";
import { createFetch, Throttle } from "tollgate";
import { startServer } from "./server.mjs";

class ApiClient {
  throttle = new Throttle({ capacity: 100, concurrency: 5, counting: "answered" });
  retries = 0;
  #base;
  #fetch = createFetch({ throttle: this.throttle, retries: 3, onRetry: () => void this.retries++ });

  constructor(base) {
    this.#base = base;
  }

  /** Waits until the limits allow a request, and makes it; again, if the API has had enough. */
  async get(path) {
    const response = await this.#fetch(this.#base + path);
    // The body is part of the request: its slot is held until it has been read.
    return { status: response.status, body: await response.text() };
  }

  /** Lets no more requests start. Those that wait are rejected, those under way go on; resolves when they are done. */
  close() {
    return this.throttle.close();
  }
}

/** How often there was which status or error. */
async function outcomes(requests) {
  const counts = {};
  for (const { value, reason } of await Promise.allSettled(requests)) {
    const outcome = value?.status ?? reason.code ?? reason.message;
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  return counts;
}

const [url] = process.argv.slice(2);
const server = url ? undefined : await startServer("--capacity", "40", "--after", "20ms..40ms");
try {
  const base = url ?? server.url;
  const client = new ApiClient(base);
  const some = (count) => Array.from({ length: count }, () => client.get("/api/items"));

  const start = performance.now();
  const first = await client.get("/api/first");
  console.log("the first answer:", first.status, first.body);
  const counts = await outcomes(some(79));
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log("79 more:", counts, `after ${client.retries} retries, in ${seconds} s`);

  await fetch(`${base}/reset`, { method: "POST" });
  const requests = some(30);
  const counted = outcomes(requests);
  await sleep(100);
  console.log(`closing with ${client.throttle.inFlight} under way, ${client.throttle.waiting} waiting`);
  await client.close();
  console.log(`closed with ${client.throttle.inFlight} under way`);
  console.log("30 more:", await counted);
} finally {
  await server?.stop();
}
