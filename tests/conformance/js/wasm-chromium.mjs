// Player `wasm-chromium`: the runner's virtual target, compiled to wasm, on a page in Chromium.
//
// node wasm-chromium.mjs FOLDER, where wasm-bindgen has written its output for the web. The browser is the one
// that the environment variable CHROME names, or the first that is found on PATH.

import { argv } from 'node:process';

import { browser } from './chromium.mjs';
import { serve } from './serve.mjs';
import { website } from './website.mjs';

const PAGE = `<!doctype html><script type="module">
  import init, { play } from './tollgate_conformance.js';
  await init();
  globalThis.play = play;
</script>`;

const site = await website(argv[2], PAGE);
const chromium = await browser();
const page = await chromium.newPage();

/** A page has one instance. */
async function open() {
  const faults = [];
  const note = (fault) => faults.push(fault.message);
  page.on('pageerror', note);
  await page.goto(site.url);
  const loaded = page.waitForFunction(() => globalThis.play !== undefined);
  await loaded.catch((error) => Promise.reject(new Error([error.message, ...faults].join('; '))));
  page.off('pageerror', note);
}

await open();
await serve(async (request) => {
  const [reply, fault] = await page.evaluate((request) => {
    try {
      return [globalThis.play(request)];
    } catch (error) {
      return [undefined, error.message];
    }
  }, request);
  if (fault === undefined) return reply;
  // An instance that has panicked is not to be used again.
  await open();
  throw new Error(fault);
});
await chromium.close();
site.close();
