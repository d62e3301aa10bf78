// Whether use.ts uses every name that the declarations export, and each of their values is there when it is run.

import { readFile } from "node:fs/promises";

const text = await readFile(new URL("use.ts", import.meta.url), "utf8");
for (const entry of ["index", "slim"]) {
  const runtime = await import(entry === "index" ? "tollgate" : "tollgate/slim");
  const declared = await readFile(new URL(`node_modules/tollgate/dist/${entry}.d.ts`, import.meta.url), "utf8");
  for (const [, kind, name] of declared.matchAll(/^export (?:declare )?(?:abstract )?(class|interface|type|function|const) (\w+)/gm)) {
    if (!new RegExp(`\\b${name}\\b`).test(text)) throw new Error(`use.ts does not use ${name}, which ${entry}.d.ts exports`);
    if (!["interface", "type"].includes(kind) && !(name in runtime)) throw new Error(`${entry}.d.ts exports ${name}, which is not there`);
  }
}
