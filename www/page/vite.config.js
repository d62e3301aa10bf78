// The wasm of the Rust callers is a file of its own; everything is served from one folder, wherever that is mounted.
export default {
  base: "./",
  build: { target: "es2022", assetsInlineLimit: 0 },
  server: { fs: { allow: [".."] } },
};
