// Player `js-node`: the npm package as its users have it, in Node, on a clock that is moved by hand.
//
// node js-node.mjs [FOLDER], where package.json of the built package is; without it, that of this repository.

import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

// Before the package is imported, should it ever take hold of the globals then.
import './js-node/globals.mjs';
import { play } from './js-node/play.mjs';
import { serve } from './serve.mjs';

const folder = argv[2] ? pathToFileURL(`${resolve(argv[2])}/`) : new URL('../../../wasm/js/', import.meta.url);
const { exports } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'));
const entry = new URL(exports['.'].import.default, folder);
if (!existsSync(entry)) {
  console.error(`${fileURLToPath(entry)} is missing: build the npm package with \`cargo xtask package\``);
  process.exit(1);
}

let count = 0;
/** The package has one engine for each time that it is imported: no script finds what another one has left. */
const fresh = () => import(`${entry}?${count++}`);

await serve(async (request) => {
  const { script, stretch } = JSON.parse(request);
  return JSON.stringify(await play(await fresh(), script, stretch));
});
