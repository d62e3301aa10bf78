// Packs the npm package as it would be published, installs the tarball in one project after the other, and has each
// do a throttled job: `node tests/npm/run.mjs [--package FOLDER] [CONSUMER...]`.
//
// A consumer's package.json tells what there is to do: a script `build`, a script `test` that prints "job done", and
// `pages` that log the same. Build tools come from the node_modules beside this file, as from a workspace's root.

import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { transform } from "esbuild";
import { close, open } from "./lib/browser.mjs";
import { exec } from "./lib/exec.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { package: { type: "string", default: join(here, "../../wasm/js") } },
});

const all = (await readdir(join(here, "consumers"))).sort();
const unknown = positionals.filter((name) => !all.includes(name));
if (unknown.length > 0) fail(`there is no consumer ${unknown.join(", ")}; there are ${all.join(", ")}`);
if (!existsSync(join(here, "node_modules"))) fail("the build tools are missing: run `npm ci` in tests/npm");

await mkdir(join(here, ".work"), { recursive: true });
const work = await mkdtemp(join(here, ".work/run-"));
const failed = [];
const start = performance.now();
try {
  await line("pack", () => pack(resolve(values.package)));
  for (const name of positionals.length > 0 ? positionals : all) {
    // Nothing to install.
    if (failed.includes("pack")) break;
    await line(name, () => consume(name));
  }
} finally {
  await close();
}
console.log(`${failed.length === 0 ? "all well" : `failed: ${failed.join(", ")}; left in ${work}`}  ${seconds(start)}`);
if (failed.length === 0) await rm(work, { recursive: true });
process.exit(failed.length === 0 ? 0 : 1);

/** One line for each, with what was said. */
async function line(name, doIt) {
  const start = performance.now();
  try {
    const said = await doIt();
    console.log(`ok    ${name.padEnd(20)} ${seconds(start)}  ${said.join(" | ")}`);
  } catch (error) {
    failed.push(name);
    // Node shows the line of code that threw, which may be a whole bundle.
    const said = error.message.replace(/^(.{400}).+/gm, "$1 ...").replace(/^/gm, "      ");
    console.log(`FAIL  ${name.padEnd(20)} ${seconds(start)}\n${said}`);
  }
}

/** Makes the tarball; all that the exports promise must be in it. */
async function pack(folder) {
  const told = await exec("npm", ["pack", folder, "--json", "--ignore-scripts", "--loglevel=error"], { cwd: work });
  const [{ filename, files, size }] = JSON.parse(told);
  const paths = new Set(files.map(({ path }) => `./${path}`));
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const missing = leaves([manifest.exports, manifest.main, manifest.module, manifest.types]).filter((path) => !paths.has(path));
  if (missing.length > 0) throw new Error(`package.json promises ${missing.join(", ")}, not in the tarball: is the package built?`);
  await cp(join(work, filename), join(work, "tollgate.tgz"));
  return [`${files.length} files, ${(size / 1024).toFixed(1)} KB`];
}

function leaves(value) {
  return typeof value === "string" ? [value] : Object.values(value).flatMap(leaves);
}

async function consume(name) {
  const folder = join(work, name);
  await cp(join(here, "shared"), folder, { recursive: true });
  await cp(join(here, "consumers", name), folder, { recursive: true });
  const job = await readFile(join(here, "shared/job.mjs"), "utf8");
  await writeFile(join(folder, "job.cjs"), (await transform(job, { format: "cjs" })).code);
  await exec("npm", ["install", "../tollgate.tgz", "--offline", "--no-save", "--no-package-lock", "--no-audit", "--no-fund"], { cwd: folder });
  const { scripts = {}, pages = [] } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const said = [];
  if (scripts.build) await exec("npm", ["run", "build"], { cwd: folder });
  if (scripts.test) {
    const lines = (await exec("npm", ["test"], { cwd: folder })).split("\n").filter((text) => text.includes("job done"));
    // A promise that is never settled ends a program as well, and without an error.
    if (lines.length === 0) throw new Error("`npm test` did not say that its job is done");
    said.push(...lines);
  }
  // A set: that there is no browser need be said only once.
  const wrong = new Set();
  for (const path of pages) await open(folder, path).then((text) => said.push(text), (error) => wrong.add(error.message));
  if (wrong.size > 0) throw new Error([...wrong].join("\n"));
  if (said.length === 0) throw new Error("nothing to do: neither a script `test` nor `pages`");
  return said.map((text) => text.trim().replace("job done: ", ""));
}

function seconds(start) {
  return `${((performance.now() - start) / 1000).toFixed(1).padStart(5)} s`;
}

function fail(what) {
  console.error(what);
  process.exit(1);
}
