/**
 * The same without the wasm inside: it is taken from wherever the caller has it.
 *
 * @packageDocumentation
 */
export * from "./core.js";

import { type Exports, provide } from "./core.js";
import { instantiate } from "wasm:glue";

/**
 * Says what the engine is made from: the file `tollgate/tollgate.wasm`, as bytes or compiled.
 *
 * (Its type is loose because not every platform's types know those of WebAssembly.)
 *
 * To be called once, before the first gate is made. Apps that only {@link adopt} need not.
 */
export function init(wasm: ArrayBuffer | ArrayBufferView | object): void {
  if (!(wasm instanceof WebAssembly.Module || wasm instanceof ArrayBuffer || ArrayBuffer.isView(wasm))) {
    throw new TypeError("wasm must be the bytes of tollgate/tollgate.wasm, or a WebAssembly.Module");
  }
  const module = wasm instanceof WebAssembly.Module ? wasm : new WebAssembly.Module(wasm as BufferSource);
  provide((failed) => instantiate(module, failed) as unknown as Exports);
}
