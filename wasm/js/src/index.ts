/**
 * One throttle for calls to other people's APIs: so many at once, so many per second, pause when told.
 *
 * @packageDocumentation
 */
export * from "./core.js";

import { type Exports, provide } from "./core.js";
import { bytes } from "wasm:bytes";
import { instantiate } from "wasm:glue";

provide((failed) => instantiate(new WebAssembly.Module(bytes()), failed) as unknown as Exports);
