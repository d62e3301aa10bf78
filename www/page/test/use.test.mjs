// The page as it is used: by keyboard, on small screens, in the dark, in the background, and when the server is gone.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { browser, ended, open, read, run, set, start } from "./browser.mjs";

after(() => browser.close());

const axe = await readFile(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

const LOOKS = [
  ["wide, light", { viewport: { width: 1440, height: 900 }, colorScheme: "light" }],
  ["wide, dark", { viewport: { width: 1440, height: 900 }, colorScheme: "dark" }],
  ["narrow, light", { viewport: { width: 360, height: 740 }, colorScheme: "light" }],
  ["narrow, dark, calm", { viewport: { width: 360, height: 740 }, colorScheme: "dark", reducedMotion: "reduce" }],
];

for (const [name, look] of LOOKS) {
  test(`anybody can use it: ${name}`, async (t) => {
    const page = await open(t, look);
    await serious(page, "before");
    const before = await places(page);
    await start(page);
    await page.waitForTimeout(300);
    assert.deepEqual(await places(page), before, "nothing jumps when it starts");
    await serious(page, "meanwhile");
    await ended(page);
    assert.deepEqual(await places(page), before, "nor at the end");
    await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
    await serious(page, "with all settings");
    const { scrollWidth, clientWidth } = await page.evaluate(() => ({
      scrollWidth: document.documentElement.scrollWidth,
      clientWidth: document.documentElement.clientWidth,
    }));
    assert.ok(scrollWidth <= clientWidth, `${scrollWidth} wide`);
  });
}

/** Where everything is that a jump would move. */
function places(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll("#start, #pause, #refuse, details, .side, .numbers dd, .timeline, .chart, pre, footer")].map((one) => {
      const { x, y, height } = one.getBoundingClientRect();
      return [one.id || one.tagName, x, y + scrollY, height];
    }),
  );
}

async function serious(page, when) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const found = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  assert.deepEqual(found.map(({ id, nodes }) => `${when}: ${id}: ${nodes.map(({ html }) => html).join(" ")}`), []);
}

test("the keyboard is enough", async (t) => {
  const page = await open(t);
  const isFocused = (selector) => page.evaluate((selector) => document.activeElement?.matches(selector), selector);
  for (let presses = 0; !(await isFocused("#start")); presses++) {
    assert.ok(presses < 20, "Start is not far");
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
  await page.waitForSelector("body[data-state=running]");
  await ended(page);
  assert.ok(await isFocused("#start"), "and the focus has stayed there");
  const reached = new Set();
  for (let presses = 0; presses < 40; presses++) {
    await page.keyboard.press("Tab");
    reached.add(await page.evaluate(() => document.activeElement?.textContent?.trim().split("\n")[0]));
  }
  for (const name of ["Pause", "Client settings", "Rust", "Copy"]) assert.ok(reached.has(name), `${name} is reached`);
});

test("a pause holds back what waits, and what resumes is all answered", async (t) => {
  const page = await open(t);
  await start(page);
  await page.waitForFunction(() => Number(document.querySelector('[data-side=right] [data-value="200"]').textContent) > 0);
  await page.click("#pause");
  // What is set meanwhile is of the next run, and takes nothing back of what is shown.
  await set(page, { "left-kind": "semaphore" });
  const label = () => page.locator("[data-side=right] .timeline").getAttribute("aria-label");
  assert.match(await label(), /The run is on/);
  await page.waitForFunction(() => / 0 in flight/.test(document.querySelector("[data-side=right] .rest").textContent));
  const held = await read(page, "right");
  assert.ok(held.ok < 300 && held.waiting > 0, "it came in time");
  // Longer than a period.
  await page.waitForTimeout(1300);
  // What its server tells comes in a moment later, and may still have.
  const { ok, waiting, inFlight } = await read(page, "right");
  assert.deepEqual([ok, waiting, inFlight], [held.ok, held.waiting, 0]);
  assert.equal(await page.locator("#pause").textContent(), "Resume");
  await page.click("#pause");
  await ended(page);
  assert.equal((await read(page, "right")).ok, 300);
  await set(page, { "left-kind": "none" });
  assert.match(await label(), /300 answered/);
  assert.equal(await page.locator("#pause").textContent(), "Pause");
});

test("the server refuses on command while a run is on", async (t) => {
  const page = await open(t);
  await page.click("[data-preset=wait]");
  await set(page, { "server-refuseFor": 0 });
  await start(page);
  await page.waitForSelector('#refuse[aria-disabled="false"]');
  await page.click("#refuse");
  await ended(page);
  const right = await read(page, "right");
  assert.ok(right[429] > 0);
  assert.equal(right.ok, 300);
});

for (const preset of ["rate", "wait", "hosts", "rust"]) {
  test(`Stop ends it: ${preset}`, async (t) => {
    const page = await open(t);
    await page.click(`[data-preset=${preset}]`);
    await set(page, { "server-requests": 1000 });
    await start(page);
    await page.waitForFunction(() => Number(document.querySelector('[data-side=right] [data-value="200"]').textContent) > 0);
    await page.click("#start");
    await ended(page);
    assert.match(await page.locator("#status").textContent(), /^Stopped\./);
    const { ok, waiting, inFlight } = await read(page, "right");
    assert.ok(ok > 0 && ok < 1000);
    assert.deepEqual([waiting, inFlight], [0, 0]);
    // And the next one is whole.
    await set(page, { "server-requests": 20, "server-refuseFor": 0 });
    assert.equal((await run(page)).right.ok, 20);
  });
}

test("without frames, as in the background, the run goes on and is shown at the end", async (t) => {
  const page = await open(t, {}, (page) => page.addInitScript(() => (globalThis.requestAnimationFrame = () => 0)));
  assert.equal((await run(page)).right.ok, 300);
});

test("a server that is gone is told of, before a run and within", async (t) => {
  const page = await open(t);
  page.mayFail = true;
  await set(page, { "server-requests": 30 });
  const alert = page.locator("#alert");
  await page.route("**/limits", (route) => route.abort());
  await start(page);
  await ended(page);
  assert.match(await alert.textContent(), /does not answer/);
  await page.unroute("**/limits");
  await run(page);

  await page.route("**/api/*", (route) => route.abort());
  await start(page);
  await ended(page);
  assert.match(await alert.textContent(), /60 requests got no answer/);
  await page.unroute("**/api/*");
  await run(page);
  assert.equal(await alert.isVisible(), false);
});

test("where only the page's own port is reached, that one does", async (t) => {
  const own = (page) => new URL(page.url()).host;
  const page = await open(t, {}, async (page) => {
    page.mayFail = true;
    await page.route("**/health", (route) => (new URL(route.request().url()).host === own(page) ? route.continue() : route.abort()));
  });
  const asked = new Set();
  page.on("request", (request) => request.url().includes("/api/") && asked.add(new URL(request.url()).host));
  await set(page, { "server-requests": 30 });
  assert.equal((await run(page)).right.ok, 30);
  assert.deepEqual([...asked], [own(page)]);
});

test("what makes no sense is said where it is set", async (t) => {
  const page = await open(t);
  await set(page, { "right-capacity": "0" });
  await page.click("#start");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "right-capacity");
  assert.equal(await page.evaluate(() => document.body.dataset.state), undefined, "nothing has begun");
  await set(page, { "right-capacity": "5", "right-cost": "6" });
  await start(page);
  await ended(page);
  assert.match(await page.locator("#alert").textContent(), /cost/);
  await set(page, { "right-cost": "1", "right-capacity": "100", "server-requests": 20 });
  assert.equal((await run(page)).right.ok, 20);
});

test("the code is copied as it is shown", async (t) => {
  const page = await open(t, { permissions: ["clipboard-read", "clipboard-write"] });
  const right = page.locator("[data-side=right]");
  for (const language of ["rust", "ts"]) {
    await right.locator(`[data-language=${language}]`).click();
    await right.locator(".copy").click();
    await page.waitForFunction(() => document.querySelector("[data-side=right] .copy").textContent === "Copied");
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await right.locator("pre").textContent());
  }
  assert.match(await right.locator("pre").textContent(), /counting: "answered"/);
});
