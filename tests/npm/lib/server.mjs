// Serves a consumer's folder, and an API to be throttled, on a port of the loopback device.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";

/** Without a charset: a page that does not name one either is read as windows-1252. */
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".json": "application/json" };

export async function serve(folder) {
  const answer = api();
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://localhost");
    if (url.pathname.startsWith("/api/")) return answer(url, request, response);
    if (url.pathname === "/favicon.ico") return response.writeHead(204).end();
    try {
      const file = await readFile(join(folder, normalize(url.pathname)));
      response.writeHead(200, { "content-type": TYPES[extname(url.pathname)] ?? "application/octet-stream" }).end(file);
    } catch {
      response.writeHead(404).end(`no ${url.pathname}`);
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => (server.closeAllConnections(), server.close()) };
}

function api() {
  let arrivals = [];
  let inside = 0;
  let most = 0;
  /** Requests for something endless that the page has given up. */
  let cut = [];
  const routes = {
    "/api/reset"(_, __, response) {
      [arrivals, most, cut] = [[], 0, []];
      response.end();
    },
    "/api/seen": (_, __, response) => response.end(JSON.stringify({ arrivals, most, cut })),
    async "/api/echo"({ search }, _, response) {
      arrivals.push(performance.now());
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inside--;
      response.end(`echo ${search.slice(1)}`);
    },
    "/api/bytes": ({ search }, _, response) => response.end(Buffer.alloc(Number(search.slice(1)), "x")),
    "/api/nothing": (_, __, response) => response.writeHead(204).end(),
    /** 100 KB at once, and never an end. */
    "/api/endless"({ search }, _, response) {
      response.on("close", () => cut.push(search.slice(1)));
      response.write(Buffer.alloc(100_000, "x"));
    },
  };
  return (url, request, response) => {
    const route = routes[url.pathname] ?? ((_, __, response) => response.writeHead(404).end());
    return route(url, request, response);
  };
}
