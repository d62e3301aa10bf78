// Player `wasm-node`: the runner's virtual target, compiled to wasm, in this process.
//
// node wasm-node.mjs FOLDER, where wasm-bindgen has written its output for the web.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv } from 'node:process';
import { pathToFileURL } from 'node:url';

import { serve } from './serve.mjs';

const folder = argv[2];
const glue = pathToFileURL(join(folder, 'tollgate_conformance.js')).href;
const module = new WebAssembly.Module(readFileSync(join(folder, 'tollgate_conformance_bg.wasm')));

let count = 0;
/** The glue has one instance for each time that it is imported. */
async function instance() {
  const fresh = await import(`${glue}?${count++}`);
  fresh.initSync({ module });
  return fresh;
}

let current = await instance();
await serve(async (request) => {
  try {
    return current.play(request);
  } catch (error) {
    // An instance that has panicked is not to be used again.
    current = await instance();
    throw error;
  }
});
