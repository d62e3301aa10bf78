// A drop-in `fetch` that keeps to limits: node fetch.mjs <url> [requests] [per second] [at once]
//
// Sends all requests at once; each waits its turn. Prints the status of each answer.

import { createFetch, Throttle } from "tollgate";

const [url, requests = 100, perSecond = 100, concurrency = 10] = process.argv.slice(2);
if (!url) throw new Error("usage: node fetch.mjs <url> [requests] [per second] [at once]");

// Until answered: no delay on the way can make the server see more than it allows.
const throttle = new Throttle({ capacity: Number(perSecond), concurrency: Number(concurrency), counting: "answered" });
const fetch = createFetch({ throttle });

const all = Array.from({ length: Number(requests) }, async () => {
  const response = await fetch(url);
  await response.arrayBuffer();
  console.log(response.status);
});
await Promise.all(all);
