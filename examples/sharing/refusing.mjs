// A server that tells one of its callers to wait, and sees to it that all do.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";

const CALLERS = 50;
/** Which request of those from there is refused, and for how long. */
const REFUSED = 8;
const SECONDS = 2;
/** How long a request may be on its way. Who was let in when the refusal came may arrive so much later. */
const MOMENT = 500;

/** How long to wait is said in both ways; the date counts from the server's own. */
const WAYS = {
  "in seconds": () => ({ "retry-after": String(SECONDS) }),
  "by a date": () => {
    const now = Math.floor(Date.now() / 1000) * 1000;
    return { date: new Date(now).toUTCString(), "retry-after": new Date(now + SECONDS * 1000).toUTCString() };
  },
};

/** For each way, a server: `ask` is called with its address and how many are to ask it, and answers the statuses. */
export async function oneIsTold(ask) {
  for (const to of ["rust", "script"]) {
    for (const [way, fields] of Object.entries(WAYS)) {
      const came = [];
      let told;
      const server = createServer((request, response) => {
        const from = new URL(request.url, "http://localhost").searchParams.get("from");
        came.push({ from, at: performance.now() });
        const isRefused = told === undefined && from === to && came.filter((one) => one.from === to).length === REFUSED;
        if (isRefused) told = performance.now();
        // Pages come from elsewhere.
        const cors = { "access-control-allow-origin": "*", "access-control-expose-headers": "date, retry-after" };
        const answer = () => response.writeHead(isRefused ? 429 : 200, { ...cors, ...(isRefused && fields()) }).end("text");
        if (isRefused) answer();
        else setTimeout(answer, 20);
      });
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      try {
        const statuses = await ask(`http://127.0.0.1:${server.address().port}/`, CALLERS);
        const what = `one from ${to} is told ${way}`;
        assert.deepEqual(statuses, Array(CALLERS).fill(200), what);
        assert.equal(came.length, CALLERS + 1, `${what}: one is sent twice`);
        const during = came.filter(({ at }) => at > told + MOMENT && at < told + SECONDS * 1000);
        assert.deepEqual(during, [], `${what}: nobody is sent before the time`);
        // Both languages had some in line when it was told, who waited.
        for (const from of ["rust", "script"]) {
          const after = came.filter((one) => one.from === from && one.at > told + MOMENT).length;
          assert.ok(after >= CALLERS / 10, `${what}: ${after} from ${from} have waited`);
        }
      } finally {
        server.closeAllConnections();
        server.close();
      }
    }
  }
}
