// A Chromium, and how it is found and started.

import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { env } from 'node:process';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

/** No sandbox, since tests run in containers and as root; and nothing that calls home. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** Starts a browser; exits with a message if there is none. */
export async function browser() {
  const { chromium } = playwright();
  return chromium.launch({ executablePath: executable(), args: FLAGS });
}

function playwright() {
  const packages = new URL('../../../wasm/js/package.json', import.meta.url);
  try {
    return createRequire(packages)('playwright-core');
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    return missing('the npm package playwright-core is missing: run `npm ci` in wasm/js');
  }
}

function executable() {
  if (env.CHROME) return env.CHROME;
  const folders = (env.PATH ?? '').split(delimiter);
  const files = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  const found = files.find(isExecutable);
  return found ?? missing(`no Chromium on PATH (${NAMES.join(', ')}); install one, or set CHROME to where it is`);
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function missing(what) {
  console.error(what);
  process.exit(1);
}
