const { createFetch, Semaphore, Throttle } = require("tollgate");
const { job } = require("./job.cjs");

job({ Throttle, Semaphore, createFetch });
