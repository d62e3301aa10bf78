import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { createFetch, init, Semaphore, Throttle, TollgateError } from "tollgate/slim";
import { job } from "./job.mjs";

try {
  new Semaphore(1);
  throw new Error("there is a semaphore without the wasm");
} catch (error) {
  if (!(error instanceof TollgateError && error.message.includes("init"))) throw error;
}

init(await readFile(fileURLToPath(import.meta.resolve("tollgate/tollgate.wasm"))));
await job({ Throttle, Semaphore, createFetch });
