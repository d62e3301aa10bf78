// How many bytes a page downloads for each package: bundled and minified as a user's build would, and gzipped.

import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import { tell } from "./figures.mjs";

const packages = {
  tollgate: "tollgate",
  "tollgate/slim": "tollgate/slim",
  "p-limit": "p-limit",
  "p-throttle": "p-throttle",
  "p-queue": "p-queue",
  "async-sema": "async-sema",
  "async-mutex": "async-mutex",
  limiter: "limiter",
  bottleneck: "bottleneck",
};

for (const [who, name] of Object.entries(packages)) {
  const { outputFiles } = await esbuild.build({
    stdin: { contents: `export * as all from "${name}"`, resolveDir: import.meta.dirname },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    // What Node has anyway is not in it.
    platform: "node",
    conditions: ["browser", "import"],
    write: false,
  });
  tell("Node: size", "min + gzip", who, gzipSync(outputFiles[0].contents, { level: 9 }).length / 1000, "KB");
}
