// What the build fills in.

declare module "wasm:bytes" {
  /** The wasm module. */
  export function bytes(): Uint8Array<ArrayBuffer>;
}

declare module "wasm:glue" {
  /** Makes an instance of the engine. */
  export function instantiate(module: WebAssembly.Module): WebAssembly.Exports;
}

declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
