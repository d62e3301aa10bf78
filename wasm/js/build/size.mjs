// How many bytes a page downloads for the package, as JSON: bundled and minified as a user's build would, and
// gzipped.

import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const folder = new URL("..", import.meta.url).pathname;

async function bundle(entry) {
  const { outputFiles } = await esbuild.build({
    stdin: { contents: `export * from "./dist/${entry}.js"`, resolveDir: folder },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  return outputFiles[0].contents;
}

const gzipped = (bytes) => gzipSync(bytes, { level: 9 }).length;
const [all, slim, wasm] = await Promise.all([bundle("index"), bundle("slim"), readFile(`${folder}/dist/tollgate.wasm`)]);
console.log(
  JSON.stringify({
    bundle: all.length,
    gzipped: gzipped(all),
    wasm: wasm.length,
    wasm_gzipped: gzipped(wasm),
    slim_gzipped: gzipped(slim),
  }),
);
