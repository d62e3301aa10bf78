// What the build fills in.

declare module "wasm:bytes" {
  /** The wasm module. */
  export function bytes(): Uint8Array<ArrayBuffer>;
}

declare module "wasm:glue" {
  /** Makes an instance of the engine; calls `failed` if it fails in a timer. */
  export function instantiate(module: WebAssembly.Module, failed: (error: unknown) => void): WebAssembly.Exports;
}

declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
