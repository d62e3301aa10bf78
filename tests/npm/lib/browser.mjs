// One Chromium for all pages.

import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";
import { ARGS } from "./chromium.mjs";
import { serve } from "./server.mjs";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** A page that has not said anything by then never will. */
const PATIENCE = 60_000;

async function executable() {
  if (process.env.CHROME) return process.env.CHROME;
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    for (const name of NAMES) {
      const path = join(folder, name);
      if (await access(path, constants.X_OK).then(() => true, () => false)) return path;
    }
  }
  throw new Error(`no browser: install Chromium (or Chrome), or say in CHROME where it is; looked on PATH for ${NAMES.join(", ")}`);
}

let browser;

/** Opens a page of a folder, and answers the line in which it says that its job is done. */
export async function open(folder, path) {
  browser ??= chromium.launch({ executablePath: await executable(), args: ARGS, headless: true });
  await browser;
  const server = await serve(folder);
  const page = await (await browser).newPage();
  try {
    const done = said(page);
    await Promise.all([done, page.goto(`${server.origin}/${path}`)]);
    return await done;
  } catch (error) {
    throw new Error(`${path}: ${error.message}`);
  } finally {
    await page.close();
    server.close();
  }
}

/** Waits for the line; every other thing that goes wrong on the page is a failure. */
function said(page) {
  return new Promise((resolve, reject) => {
    const alarm = setTimeout(() => reject(new Error("the page did not say that its job is done")), PATIENCE);
    const fail = (what) => {
      clearTimeout(alarm);
      reject(new Error(what));
    };
    page.on("pageerror", (error) => fail(`uncaught ${error.stack}`));
    page.on("crash", () => fail("the page crashed"));
    page.on("requestfailed", (request) => {
      const why = request.failure()?.errorText;
      // What a page gives up itself is no failure.
      if (why !== "net::ERR_ABORTED") fail(`${request.url()}: ${why}`);
    });
    page.on("console", (message) => {
      const text = message.text();
      if (message.type() === "error") fail(`console: ${text}`);
      if (!text.startsWith("job done")) return;
      clearTimeout(alarm);
      // What is wrong may come to light right after it.
      setTimeout(() => resolve(text), 50);
    });
  });
}

export async function close() {
  if (browser) await browser.then((it) => it.close(), () => {});
}
