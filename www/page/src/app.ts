// The Rust in the page: www/app, which is loaded when it is first needed.

import { adopt } from "tollgate/slim";
import type { Throttle } from "tollgate";
import type { ClientSettings } from "./settings.js";

/** What wasm-bindgen makes of www/app. */
interface App {
  default(): Promise<unknown>;
  throttle(capacity: number, period: number, pacing: string, burst: number, answered: boolean, concurrency: number, cooldown: number): number;
  send(number: number, cost: number, url: string, signal: AbortSignal, sent: () => void): Promise<number>;
  forget(number: number): void;
}

let loaded: Promise<App> | undefined;

async function load(): Promise<App> {
  const app = (await import("../../app/pkg/playground.js")) as unknown as App;
  await app.default();
  return app;
}

/** A throttle that Rust has made, shared with this script. */
export interface Shared {
  gate: Throttle;
  send(url: string, signal: AbortSignal, sent: () => void): Promise<number>;
  forget(): void;
}

export async function share(settings: ClientSettings): Promise<Shared> {
  loaded ??= load();
  // What could not be loaded is tried again by the next run.
  loaded.catch(() => (loaded = undefined));
  const app = await loaded;
  const { capacity, period, pacing, burst, counting, concurrency, cooldown, cost } = settings;
  const number = app.throttle(capacity, period, pacing, burst, counting === "answered", concurrency, cooldown);
  return {
    gate: adopt(app as never, number),
    send: (url, signal, sent) => app.send(number, cost, url, signal, sent),
    forget: () => app.forget(number),
  };
}
