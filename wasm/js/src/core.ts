// Everything but the wasm itself.

export { adopt } from "./adopt.js";
export { type Exports, provide } from "./engine.js";
export { ClosedError, CostError, type ErrorCode, OverReleaseError, QueueFullError, TimeoutError, TollgateError } from "./errors.js";
export type { GateEvent, GateEvents } from "./events.js";
export { createFetch, type FetchOptions, type RetryInfo } from "./fetch.js";
export type { CloseOptions, Gate, WaitOptions } from "./gate.js";
export { Keyed, type KeyedOptions } from "./keyed.js";
export type { Mapped } from "./map.js";
export type { Permit } from "./permit.js";
export { BoundedSemaphore, Semaphore, type SemaphoreOptions } from "./semaphore.js";
export { type Check, type Rate, Throttle, type ThrottleOptions } from "./throttle.js";
