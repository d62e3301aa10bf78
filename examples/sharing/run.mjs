// Runs the app in Node: node run.mjs [url] [requests] [per second] [at once]
//
// With a URL, sends the requests, half of them from Rust, and prints the status of each answer. Without, prints in
// which order callers in both languages are let in.

import { readFile } from "node:fs/promises";
import * as tollgate from "tollgate/slim";
import init, * as app from "./pkg/sharing.js";
import { open, order, sendAll } from "./script.mjs";

const [url, requests = 100, perSecond = 100, concurrency = 10] = process.argv.slice(2);

await init({ module_or_path: await readFile(new URL("pkg/sharing_bg.wasm", import.meta.url)) });
if (url) {
  const gate = open(app, tollgate, { perSecond: Number(perSecond), concurrency: Number(concurrency) });
  await sendAll(app, tollgate, gate, url, Number(requests), (status) => console.log(status));
} else {
  const gate = open(app, tollgate, { perSecond: 1000, concurrency: 1 });
  console.log((await order(app, gate, 6)).join("\n"));
}
