// Each setting runs to its end, and shows what its server has counted.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { browser, open, run, set } from "./browser.mjs";

after(() => browser.close());

/** All is answered, and the limit is kept. How close to it depends on how busy the machine is. */
function neverOver(side) {
  assert.deepEqual([side.ok, side.refused], [300, 0]);
  assert.ok(side.worst <= 100, `${side.worst} in a window`);
}

/** What each example is to show. */
const SHOWN = {
  rate({ left, right }) {
    assert.ok(left[429] > 0, "429 without");
    neverOver(right);
  },
  bursty({ left, right }) {
    assert.equal(left.ok + left[429], 300);
    neverOver(right);
  },
  wait({ left, right }) {
    assert.ok(left[429] > 0 && left.ok < 300, "who does not wait is refused");
    assert.ok(right[429] > 0, "it is refused as well");
    assert.equal(right.ok, 300, "and sends all of it again");
  },
  few({ left, right }) {
    assert.ok(left[503] > 0, "no room for all");
    assert.deepEqual([right.ok, right.refused], [200, 0]);
  },
  hosts({ left, right }) {
    assert.deepEqual([left.ok, left.refused], [400, 0]);
    assert.deepEqual([right.ok, right.refused], [400, 0]);
    assert.ok(right.worst > left.worst, "each host gets its own quota");
  },
  rust({ left, right }) {
    assert.ok(left[429] > 0, "429 without");
    neverOver(right);
  },
};

test("each example shows what it is for", async (t) => {
  const page = await open(t);
  const names = await page.locator("[data-preset]").evaluateAll((all) => all.map((one) => one.dataset.preset));
  assert.deepEqual(names, Object.keys(SHOWN));
  for (const name of names) {
    await t.test(name, async () => {
      await page.click(`[data-preset=${name}]`);
      SHOWN[name](await run(page));
    });
  }
});

/** A throttle that is never over the limit of a strict server, whatever the network does. */
const strict = { "right-kind": "throttle", "right-counting": "answered", "right-capacity": 20, "right-period": 250 };
const server = { "server-requests": 40, "server-capacity": 20, "server-period": 250 };

const CLIENTS = {
  semaphore: { "right-kind": "semaphore", "right-permits": 4 },
  "semaphore, cost": { "right-kind": "semaphore", "right-permits": 4, "right-cost": 2 },
  "bounded semaphore": { "right-kind": "bounded", "right-permits": 3 },
  window: strict,
  smooth: { ...strict, "right-pacing": "smooth" },
  bucket: { ...strict, "right-pacing": "bucket", "right-burst": 5 },
  stepped: { ...strict, "right-pacing": "stepped", "right-burst": 5 },
  "from admission": { ...strict, "right-counting": "admission" },
  concurrency: { ...strict, "right-concurrency": 3, "right-cooldown": 10 },
  cost: { ...strict, "right-cost": 2 },
  "heeds 429": { ...strict, "right-heed": true },
  "heeds 429, cost": { ...strict, "right-heed": true, "right-cost": 2 },
  "per host": { ...strict, "server-hosts": 2, "right-perHost": true },
  "per host, heeds 429": { ...strict, "server-hosts": 2, "right-perHost": true, "right-heed": true },
  "with Rust": { ...strict, "right-rust": true },
  "with Rust, bucket, cost, concurrency": { ...strict, "right-rust": true, "right-pacing": "bucket", "right-burst": 5, "right-cost": 2, "right-concurrency": 3, "right-cooldown": 5 },
  "with Rust, heeds 429": { ...strict, "right-rust": true, "right-heed": true },
};

/** Those whose rate is over the limit for a while, as a burst comes on top of it or the way is uneven, or who know no rate. */
const MAY_BE_REFUSED = ["semaphore", "semaphore, cost", "bounded semaphore", "bucket", "stepped", "from admission"];

test("each client runs, and its code compiles", async (t) => {
  const page = await open(t);
  const code = {};
  for (const [name, fields] of Object.entries(CLIENTS)) {
    await t.test(name, async () => {
      await page.click("[data-preset=rate]");
      await set(page, { ...server, ...fields });
      const { right } = await run(page);
      // What heeds 429 may be refused at most as often as it tries again; here it never is.
      assert.equal(right.ok + right.refused, 40);
      if (!MAY_BE_REFUSED.includes(name)) assert.equal(right.refused, 0);
      code[name] = await page.locator("[data-side=right] pre").textContent();
      await page.click("[data-side=right] [data-language=rust]");
      assert.match(await page.locator("[data-side=right] pre").textContent(), /^use (tollgate|std|reqwest)/);
      await page.click("[data-side=right] [data-language=ts]");
    });
  }
  await t.test("TypeScript", () => compiles(code));
});

test("each kind of server runs", async (t) => {
  const page = await open(t);
  for (const algorithm of ["sliding", "fixed", "bucket", "spacing", "none"]) {
    await t.test(algorithm, async () => {
      await page.click("[data-preset=rate]");
      await set(page, { ...server, ...strict, "server-algorithm": algorithm, "server-concurrency": 8, "server-work": 3, "right-concurrency": 4 });
      const { right } = await run(page);
      assert.equal(right[503], 0);
      // What wants spacing gets it by pacing that spaces.
      if (algorithm !== "spacing") assert.equal(right.ok, 40);
    });
  }
});

/** The code as one finds it on the page, with the variable that it takes for granted. */
async function compiles(code) {
  const page = fileURLToPath(new URL("..", import.meta.url));
  const folder = await mkdtemp(`${page}node_modules/.code-`);
  try {
    await writeFile(`${folder}/given.d.ts`, `declare const urls: string[];\ndeclare module "*/app.js";\n`);
    for (const [index, text] of Object.values(code).entries()) await writeFile(`${folder}/code-${index}.ts`, text);
    const compilerOptions = { target: "es2022", lib: ["es2022", "esnext.disposable", "dom"], module: "esnext", moduleResolution: "bundler", strict: true, noEmit: true, types: [] };
    await writeFile(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions, include: ["*.ts"] }));
    await promisify(execFile)(process.execPath, [`${page}node_modules/typescript/bin/tsc`, "-p", folder]).catch((error) => assert.fail(error.stdout || error.message));
  } finally {
    await rm(folder, { recursive: true });
  }
}
