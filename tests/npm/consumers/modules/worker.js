import * as tollgate from "./node_modules/tollgate/dist/index.js";
import { job } from "./job.mjs";

await job(tollgate, { api: `${location.origin}/api` });
