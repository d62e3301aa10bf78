import { createFetch, init, Semaphore, Throttle } from "tollgate/slim";
import wasm from "tollgate/tollgate.wasm?url";
import { job } from "./job.mjs";

init(await (await fetch(wasm)).arrayBuffer());
await job({ Throttle, Semaphore, createFetch }, { api: `${location.origin}/api` });
