// The package as it is imported: ESM, CommonJS, and without the wasm inside.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { child } from "./helpers.mjs";
import { shipped } from "./modules.mjs";

const require = createRequire(import.meta.url);

/** All the classes do something. */
async function works({ Semaphore, BoundedSemaphore, Throttle, Keyed, createFetch, TollgateError }) {
  assert.equal(await new Semaphore(1).run(() => "semaphore"), "semaphore");
  assert.throws(() => new BoundedSemaphore(1).release(), TollgateError);
  assert.equal(await new Throttle({ capacity: 1, concurrency: 1 }).run(() => "throttle"), "throttle");
  assert.equal(await new Keyed(() => new Semaphore(1), { total: new Semaphore(1) }).run("key", () => "keyed"), "keyed");
  const fetch = createFetch({ perHost: { capacity: 5 }, fetch: async () => new Response("fetched") });
  assert.equal(await (await fetch("https://a.example/")).text(), "fetched");
}

test("import gives classes that work", async () => {
  const esm = await import("tollgate");
  assert.equal(esm.default, undefined);
  await works(esm);
});

test("require gives classes that work, under the same names", async () => {
  const cjs = require("tollgate");
  await works(cjs);
  assert.deepEqual(Object.keys(cjs).sort(), Object.keys(await import("tollgate")).sort());
});

test("the classes of tollgate and of tollgate/slim are the same, in either kind of module", async () => {
  for (const [full, slim] of [[await import("tollgate"), await import("tollgate/slim")], [require("tollgate"), require("tollgate/slim")]]) {
    for (const name of Object.keys(full)) assert.equal(slim[name], full[name], name);
    assert.deepEqual(Object.keys(slim).filter((name) => !(name in full)), ["init"]);
    await works(slim);
  }
});

for (const [kind, load] of [
  ["import", `import * as slim from "tollgate/slim";`],
  ["require", `const slim = require("tollgate/slim");`],
]) {
  test(`slim, by ${kind}: without init it says what to do, with init it works`, async () => {
    const { code, stdout, stderr } = await child(`
      import { readFileSync } from "node:fs";
      import { createRequire } from "node:module";
      const require = createRequire(process.cwd() + "/any.js");
      ${load}
      for (const make of [() => new slim.Semaphore(1), () => new slim.Throttle({ capacity: 1 })]) {
        try { make(); console.log("made"); } catch (error) { console.log(error.name, error.code, error.message); }
      }
      const file = require.resolve("tollgate/tollgate.wasm");
      slim.init(readFileSync(file));
      console.log(await new slim.Semaphore(1).run(() => "works"));
      slim.init(new WebAssembly.Module(readFileSync(file)));
      console.log(await new slim.Throttle({ capacity: 1 }).run(() => "works too"));
    `);
    const lines = stdout.split("\n");
    assert.equal(code, 0, stderr);
    for (const line of lines.slice(0, 2)) assert.match(line, /^TollgateError failed .*`init`.*tollgate\/slim/);
    assert.deepEqual(lines.slice(2), ["works", "works too"]);
  });
}

test("init refuses what is no wasm, or is not ours, and says so", async () => {
  const { init, Semaphore } = await import("tollgate/slim");
  for (const wrong of [undefined, null, "tollgate.wasm", 5, {}]) assert.throws(() => init(wrong), TypeError);
  for (const wrong of [new Uint8Array(8), shipped().subarray(0, 1000), new ArrayBuffer(0)]) assert.throws(() => init(wrong), WebAssembly.CompileError);
  // A module, but of something else.
  init(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
  assert.throws(() => new Semaphore(1));
  init(shipped());
  assert.ok(new Semaphore(1).tryAcquire());
  init(shipped().buffer);
  assert.ok(new Semaphore(1).tryAcquire());
});

test("importing it costs no wasm, no timer and no listener before the first gate is made", async () => {
  const { code, stdout } = await child(`
    let compiled = 0;
    const { Module } = WebAssembly;
    WebAssembly.Module = function (...args) { compiled++; return Reflect.construct(Module, args); };
    const { Semaphore } = await import("tollgate");
    console.log(compiled, process.getActiveResourcesInfo().filter((name) => name === "Timeout").length);
    new Semaphore(1);
    new Semaphore(1);
    console.log(compiled);
  `);
  assert.equal(code, 0);
  assert.deepEqual(stdout.split("\n"), ["0 0", "1"]);
});

test("it works in a worker, beside the main thread", async () => {
  const { code, stdout, stderr } = await child(`
    import { Worker, isMainThread } from "node:worker_threads";
    import { Throttle } from "tollgate";
    const source = \`
      import("tollgate").then(async ({ Throttle }) => {
        const gate = new Throttle({ capacity: 1, period: 20 });
        for (let call = 0; call < 3; call++) await gate.run(() => {});
        (await import("node:worker_threads")).parentPort.postMessage("worker");
      });\`;
    const worker = new Worker(source, { eval: true });
    const gate = new Throttle({ capacity: 1, period: 20 });
    const [told] = await Promise.all([
      new Promise((resolve) => worker.once("message", resolve)),
      gate.run(() => {}), gate.run(() => {}), gate.run(() => {}),
    ]);
    console.log(told);
  `);
  assert.equal(stderr, "");
  assert.deepEqual([code, stdout], [0, "worker"]);
});
