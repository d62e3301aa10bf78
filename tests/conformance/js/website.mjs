// A website on this machine alone: one page, and the files of a folder.

import { createServer } from 'node:http';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';

const TYPES = { '.js': 'text/javascript', '.wasm': 'application/wasm' };

/** Serves `page` as `/`, and the files of `folder`, on a port that is free; answers its url, and how to close it. */
export async function website(folder, page) {
  const server = createServer(async ({ url }, response) => {
    const path = new URL(url, 'http://localhost').pathname;
    if (path === '/') return response.setHeader('content-type', 'text/html').end(page);
    try {
      const body = await readFile(join(folder, basename(path)));
      response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream').end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${server.address().port}/`, close };
}
