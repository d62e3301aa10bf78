import { createFetch, Semaphore, Throttle } from "tollgate";
import { job } from "./job.mjs";

await job({ Throttle, Semaphore, createFetch }, { api: `${location.origin}/api` });
