// Checks that callers in both languages are let in in one order, and that all wait when one is told to: in Node and in
// Chromium, the one that CHROME names.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import * as tollgate from "tollgate/slim";
import init, * as app from "./pkg/sharing.js";
import { oneIsTold } from "./refusing.mjs";
import { ask } from "./told.mjs";

const root = new URL("../../", import.meta.url);
const expected = ["script 0", "rust 1", "script 2", "rust 3", "script 4", "rust 5"];

const printed = execFileSync(process.execPath, [fileURLToPath(new URL("run.mjs", import.meta.url))], { encoding: "utf8" });
assert.deepEqual(printed.trim().split("\n"), expected);
console.log("in Node: in one order");
await init({ module_or_path: await readFile(new URL("pkg/sharing_bg.wasm", import.meta.url)) });
await oneIsTold((url, callers) => ask(app, tollgate, url, callers));
console.log("in Node: all wait when one is told to");

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };
const server = createServer(async (request, response) => {
  try {
    const file = new URL(`.${new URL(request.url, "http://localhost").pathname}`, root);
    const content = await readFile(file);
    response.setHeader("content-type", TYPES[extname(file.pathname)] ?? "application/octet-stream").end(content);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const { chromium } = createRequire(new URL("wasm/js/package.json", root))("playwright-core");
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
const browser = await chromium.launch({
  executablePath: process.env.CHROME,
  args: [...args, "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"],
});
try {
  const page = await browser.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(`http://127.0.0.1:${server.address().port}/examples/sharing/page.html`);
  await page.waitForSelector("body[data-done]", { timeout: 20_000 }).catch(() => {});
  assert.deepEqual(errors, []);
  assert.deepEqual(await page.locator("li").allTextContents(), expected);
  console.log("in Chromium: in one order");
  const inPage = async ([url, callers]) => {
    const [tollgate, app, { ask }] = await Promise.all(
      ["tollgate/slim", "/examples/sharing/pkg/sharing.js", "/examples/sharing/told.mjs"].map((module) => import(module)),
    );
    return ask(app, tollgate, url, callers);
  };
  await oneIsTold((url, callers) => page.evaluate(inPage, [url, callers]));
  assert.deepEqual(errors, []);
  console.log("in Chromium: all wait when one is told to");
} finally {
  await browser.close();
  server.close();
}
