// Whether the tests would notice: breaks a copy of the package in one way after the other, and runs the consumers that
// must fail for it. `node tests/npm/faults.mjs [--package FOLDER] [WORD OF A FAULT'S NAME...]`; some minutes.

import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const here = fileURLToPath(new URL(".", import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { package: { type: "string", default: join(here, "../../wasm/js") } },
});

/** Replaces in both kinds of a file of dist. */
const code = (name, from, to) => ({ files: [`dist/${name}.js`, `dist/${name}.cjs`], edit: (text) => text.replaceAll(from, to) });
const types = (from, to) => ({ files: ["dist/index.d.ts", "dist/index.d.cts"], edit: (text) => text.replaceAll(from, to) });
const manifest = (change) => ({
  files: ["package.json"],
  edit(text) {
    const manifest = JSON.parse(text);
    change(manifest);
    return JSON.stringify(manifest);
  },
});

/** The first byte that is not ASCII as what minifiers do not leave alone: all is well where that is read as UTF-8. */
const escaped = (_, before, char) => `${before}\\x${(char.charCodeAt(0) + 128).toString(16)}`;

/** Name, break, and who must see it. */
const FAULTS = [
  ["concurrency ignored", code("core", "tollgate_throttle(...slots)", "tollgate_throttle(0,0,slots[2])"), "node-esm node-cjs jest vitest modules"],
  ["one more per window", code("core", "tollgate_rate(capacity,", "tollgate_rate(capacity+1,"), "node-esm node-cjs browser"],
  ["counts from before a call begins", code("core", /exports\.tollgate_begin\(this\.number,cost\d*\)/g, "0"), "browser"],
  ["counting ignored", code("core", 'counting==="answered"', "!1"), "browser"],
  ["signals ignored", code("core", /waiter\.heed\(signal\d*\)/g, "0"), "node-esm"],
  ["timeouts ignored", code("core", /tollgate_acquire\(gate,cost\d*,timeout\)/g, (call) => call.replace("timeout", "1/0")), "browser"],
  ["results out of order", code("core", "started.shift()", "started.pop()"), "node-esm"],
  ["errors that do not name the parameter", code("core", "`${name} is ${", "`value is ${"), "node-cjs"],
  ["slots given back before the body", code("core", /highWaterMark:\w+/g, "highWaterMark:1/0"), "browser"],
  ["nothing for older browsers", code("core", /(Symbol\.dispose)\?\?Symbol\.for\("Symbol\.dispose"\)/g, "$1"), "browser"],
  ["not ASCII when minified", code("index", /(text=`(?:[^%^]|\^.|%[^A-Z])*)%([A-Z])/gs, escaped), "webpack"],
  ["no condition workerd", manifest(({ exports }) => delete exports["."].workerd), "workerd"],
  ["workerd gets the bytes", manifest(({ exports }) => (exports["."].workerd.default = "./dist/index.js")), "workerd"],
  ["no condition import", manifest(({ exports }) => delete exports["."].import), "node-esm vite webpack esbuild-script worker-vite types-bundler"],
  ["no condition require", manifest(({ exports }) => delete exports["."].require), "node-cjs jest types-node16"],
  ["types that are not there", manifest(({ exports }) => (exports["."].import.types = "./dist/none.d.ts")), "pack"],
  ["types of a module for require", manifest(({ exports }) => (exports["."].require.types = "./dist/index.d.ts")), "types-node16"],
  ["run answers anything", types(/(run<T>\(fn.*): Promise<T>/g, "$1: Promise<any>"), "types-bundler types-node16"],
  ["wrap takes anything", types(/: \(\.\.\.args: A\) => Promise<R>/g, ": (...args: any[]) => Promise<R>"), "types-bundler types-node16"],
  ["a name without a declaration", types(/^interface Exports [^}]*}/gm, ""), "types-bundler types-node16"],
  ["an export without a use", types(/$/g, "\nexport declare class Another {}\n"), "types-bundler types-node16"],
  ["nothing has side effects", manifest((it) => (it.sideEffects = false)), "vite webpack esbuild-script worker-vite"],
  ["no slim", manifest(({ exports }) => delete exports["./slim"]), "slim types-bundler types-node16"],
  ["no file for slim", manifest(({ exports }) => delete exports["./tollgate.wasm"]), "slim"],
];

let unnoticed = 0;
await mkdir(join(here, ".work"), { recursive: true });
for (const [name, { files, edit }, consumers] of FAULTS) {
  if (positionals.length > 0 && !positionals.some((word) => name.includes(word))) continue;
  const folder = await mkdtemp(join(here, ".work/fault-"));
  for (const part of ["package.json", "dist"]) await cp(join(values.package, part), join(folder, part), { recursive: true });
  for (const file of files) {
    const text = await readFile(join(folder, file), "utf8");
    const edited = edit(text);
    if (edited === text) throw new Error(`${name}: there is nothing to break in ${file}`);
    await writeFile(join(folder, file), edited);
  }
  const wanted = consumers.split(" ");
  const output = await run(["--package", folder, ...wanted.filter((consumer) => consumer !== "pack")]);
  const missed = wanted.filter((consumer) => !new RegExp(`^FAIL  ${consumer} `, "m").test(output));
  unnoticed += missed.length;
  console.log(`${missed.length === 0 ? "seen  " : "MISSED"} ${name}: ${wanted.join(", ")}${missed.length === 0 ? "" : `; not by ${missed.join(", ")}`}`);
  if (missed.length > 0) console.log(output);
  const [, left] = /left in (.*?)  /.exec(output) ?? [];
  for (const rest of [folder, left]) if (rest) await rm(rest, { recursive: true });
}
process.exit(unnoticed === 0 ? 0 : 1);

function run(args) {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(here, "run.mjs"), ...args], { maxBuffer: 1e8 }, (_, stdout, stderr) => resolve(stdout + stderr));
  });
}
