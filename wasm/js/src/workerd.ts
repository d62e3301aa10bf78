export * from "./core.js";

// Cloudflare's runtime compiles wasm when it is deployed, never from bytes.
import wasm from "./tollgate.wasm";
import { type Exports, provide } from "./core.js";
import { instantiate } from "wasm:glue";

provide((failed) => instantiate(wasm, failed) as unknown as Exports);
