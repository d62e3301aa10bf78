import { Engine, type Exports } from "./engine.js";
import { Throttle } from "./throttle.js";

const engines = new WeakMap<object, Engine>();

/**
 * A throttle that an app written in Rust shares: its futures and our promises wait in one queue.
 *
 * ```ts
 * import * as app from "./pkg/app.js";            // made by wasm-pack or wasm-bindgen
 * import { adopt } from "tollgate/slim";
 *
 * const gate = adopt(app, app.throttle());        // the app's own export, which answers `tollgate::share(&throttle)`
 * await gate.run(() => fetch(url));
 * ```
 *
 * @param app The app's module, whose crate `tollgate` has the feature `share`. It must be initialised by now.
 * @param number What `share` answered. Each number is to be adopted once.
 */
export function adopt(app: Exports, number: number): Throttle {
  if (typeof app?.tollgate_connect !== "function") {
    throw new TypeError("app must be the module of an app in Rust that uses `tollgate` with the feature `share`");
  }
  let engine = engines.get(app);
  if (!engine) engines.set(app, (engine = new Engine(() => app)));
  if (!Number.isInteger(number) || Number.isNaN(app.tollgate_read(number, 0, 0))) {
    throw new RangeError(`number is ${String(number)}, but must be what \`share\` answered`);
  }
  // Two owners would drop it twice.
  if (engine.owns(number)) throw new RangeError(`number is ${number}, which has been adopted before`);
  const throttle = new Throttle({}, engine, number);
  throttle.shared = true;
  return throttle;
}
