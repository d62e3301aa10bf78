// How the wasm gets into the module: any bytes come out of it as they went in, and what is written is plain ASCII.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { literal } from "../build/literal.mjs";
import { random } from "./helpers.mjs";

const die = random(7);

const cases = {
  "no bytes": new Uint8Array(0),
  "each byte once": Uint8Array.from({ length: 256 }, (_, byte) => byte),
  "each byte, the high ones most": Uint8Array.from({ length: 70_000 }, (_, at) => 255 - Math.floor(Math.sqrt(at)) % 256),
  "chance": Uint8Array.from({ length: 70_000 }, () => die(256)),
  "the wasm": readFileSync(createRequire(import.meta.url).resolve("tollgate/tollgate.wasm")),
};

for (const [name, bytes] of Object.entries(cases)) {
  test(`bytes come out as they went in: ${name}`, async () => {
    const module = literal(bytes);
    assert.match(module, /^[\n -~]*$/, "all of it can be printed");
    const { bytes: read } = await import(`data:text/javascript,${encodeURIComponent(module)}`);
    assert.ok(Buffer.from(read()).equals(Buffer.from(bytes)));
  });
}

test("the wasm names no file of those it was made from", () => {
  const text = Buffer.from(cases["the wasm"]).toString("latin1");
  assert.deepEqual(text.match(/[\w/.-]*\.rs|cargo|rustc/g), null);
});
