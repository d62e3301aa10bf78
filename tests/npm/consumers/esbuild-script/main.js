import { createFetch, Semaphore, Throttle } from "tollgate";
import { job } from "./job.mjs";

if (document.characterSet !== "windows-1252") throw new Error(`the page is read as ${document.characterSet}`);
job({ Throttle, Semaphore, createFetch }, { api: `${location.origin}/api` });
