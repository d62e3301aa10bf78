// One Chromium, and pages in it that note all that goes wrong. CHROME says where it is, PAGE where the page is served:
// at one address, or at one for each file of tests, which can then run at once.

import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { ARGS } from "../../../tests/npm/lib/chromium.mjs";

/** A run that takes longer has got stuck. */
const PATIENCE = 30_000;

const pages = (process.env.PAGE ?? assert.fail("PAGE must say where the page is served")).split(" ");
const isSecond = process.argv[1].endsWith("use.test.mjs");
export const origin = new URL(pages[isSecond ? pages.length - 1 : 0]).origin;

export const browser = await chromium.launch({ executablePath: process.env.CHROME, args: ARGS, headless: true });

/** Opens the page for one test; what went wrong on it is a failure at the end. */
export async function open(test, options = {}, prepare = async () => {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(error.stack));
  page.on("console", (message) => {
    // The browser itself writes a line for each refusal, and they are what the page is about.
    const isRefusal = /status of (429|503)/.test(message.text()) && /\/api\/\d+$/.test(message.location().url);
    if (["error", "warning"].includes(message.type()) && !isRefusal && !page.mayFail) wrong.push(message.text());
  });
  // Everything is on loopback, so that it works offline.
  page.on("request", (request) => new URL(request.url()).hostname !== "127.0.0.1" && wrong.push(`asked for ${request.url()}`));
  test.after(async () => {
    await context.close();
    assert.deepEqual(wrong, []);
  });
  await prepare(page);
  await page.goto(origin);
  await page.waitForSelector("[data-side=right] canvas");
  return page;
}

/** Puts in what is given as { "right-pacing": "smooth", ... }: the ids of the fields. */
export async function set(page, fields) {
  await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
  for (const [id, value] of Object.entries(fields)) {
    const field = page.locator(`#${id}`);
    if (typeof value === "boolean") await field.setChecked(value);
    else if ((await field.evaluate((it) => it.tagName)) === "SELECT") await field.selectOption(String(value));
    else await field.fill(String(value));
  }
}

/** The state is another one as soon as this is done, and so {@link ended} waits for the end of this run. */
export async function start(page) {
  await page.click("#start");
}

export async function ended(page) {
  await page.waitForSelector("body[data-state=done]", { timeout: PATIENCE });
}

/** Runs to the end; what each side shows, which must be what its server has counted. */
export async function run(page) {
  await start(page);
  await ended(page);
  assert.equal(await page.locator("#alert").isVisible(), false, await page.locator("#alert").textContent());
  const hosts = (await page.locator("#server-hosts").inputValue()) === "2" ? ["", "-2"] : [""];
  const sides = {};
  for (const side of ["left", "right"]) {
    const shown = (sides[side] = await read(page, side));
    const all = await Promise.all(hosts.map(async (host) => (await fetch(`${origin}/${side}${host}/stats`)).json()));
    const counted = (status) => all.reduce((sum, { statuses }) => sum + (statuses[status] ?? 0), 0);
    assert.deepEqual([shown.ok, shown[429], shown[503]], [200, 429, 503].map(counted), `${side}: as counted by the server`);
    assert.equal(shown.worst, Math.max(...all.map(({ worst_window }) => worst_window)));
    assert.deepEqual([shown.waiting, shown.inFlight], [0, 0]);
    assert.equal(shown.refused, shown[429] + shown[503]);
  }
  assert.match(await page.locator("#status").textContent(), /The servers counted the same\.$/);
  return sides;
}

/** What a side shows, as numbers. */
export async function read(page, side) {
  const [values, rest] = await page.locator(`[data-side=${side}]`).evaluate((it) => [
    Object.fromEntries([...it.querySelectorAll("[data-value]")].map((one) => [one.dataset.value, one.textContent])),
    it.querySelector(".rest").textContent,
  ]);
  const number = (after) => Number(rest.match(new RegExp(`(\\d+) ${after}`))?.[1]);
  return {
    ok: Number(values["200"]),
    refused: Number(values.refused),
    worst: Number(values.worst),
    share: parseInt(values.share),
    429: number("× 429"),
    503: number("× 503"),
    waiting: number("waiting"),
    inFlight: number("in flight"),
  };
}
