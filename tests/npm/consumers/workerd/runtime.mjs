// What matters of Cloudflare's runtime: a .wasm is imported as a compiled module, and never made from bytes.

import { register } from "node:module";

const hooks = `
  import { readFile } from "node:fs/promises";
  export async function load(url, context, next) {
    if (!url.endsWith(".wasm")) return next(url, context);
    const bytes = JSON.stringify((await readFile(new URL(url))).toString("base64"));
    const source = \`export default globalThis.compiled(Buffer.from(\${bytes}, "base64"))\`;
    return { format: "module", shortCircuit: true, source };
  }`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);

const { Module } = WebAssembly;
globalThis.compiled = (bytes) => new Module(bytes);
WebAssembly.Module = new Proxy(Module, {
  construct() {
    throw new WebAssembly.CompileError("Wasm code generation disallowed by embedder");
  },
});
