// Servers on loopback, for tests that want real sockets; and what must hold after them.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createServer as createSocketServer } from "node:net";

async function listen(t, server, end) {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => new Promise((resolve) => (server.close(resolve), end())));
  return `http://127.0.0.1:${server.address().port}/`;
}

/** A server that answers as `answer` does with a request, its response and its number; its address, and when requests came. */
export async function serve(t, answer) {
  const came = [];
  const server = createServer((request, response) => {
    came.push(performance.now());
    answer(request, response, came.length);
  });
  return { url: await listen(t, server, () => server.closeAllConnections()), came };
}

/** A server of sockets, for what a server of HTTP would not say: `talk` is called when a request has come. */
export async function talk(t, talk) {
  const open = new Set();
  const server = createSocketServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    // Clients that have had enough reset the connection.
    socket.on("error", () => {});
    socket.on("data", () => talk(socket));
  });
  return listen(t, server, () => open.forEach((socket) => socket.destroy()));
}

/** An address where nobody listens. */
export async function nobody() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}/`;
}

/** Waits for something that sockets bring about. */
export async function until(holds, what) {
  for (let round = 0; round < 2000; round++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.fail(what);
}

/** That nobody is inside, nobody waits, and just so many can be let in at once. */
export function allFree(throttle, slots, what) {
  assert.deepEqual({ inFlight: throttle.inFlight, waiting: throttle.waiting }, { inFlight: 0, waiting: 0 }, what);
  const permits = Array.from({ length: slots }, () => throttle.tryAcquire());
  assert.ok(permits.every((permit) => permit !== undefined), `${what}: a slot is lost`);
  assert.equal(throttle.tryAcquire(), undefined, `${what}: a slot too many`);
  for (const permit of permits) permit.release();
}
