const { readFileSync } = require("node:fs");
const { createFetch, init, Semaphore, Throttle } = require("tollgate/slim");
const { job } = require("./job.cjs");

// Compiled this time.
init(new WebAssembly.Module(readFileSync(require.resolve("tollgate/tollgate.wasm"))));
job({ Throttle, Semaphore, createFetch });
