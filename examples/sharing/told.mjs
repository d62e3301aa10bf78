// Callers in both languages of a server that tells one of them to wait. `app` and `tollgate` as in script.mjs.

import { open } from "./script.mjs";

/** Asks so often, by turns from Rust and from JavaScript; answers the statuses. The address says who asks: `?from=rust`. */
export async function ask(app, tollgate, url, callers) {
  const gate = open(app, tollgate, { perSecond: 1000, concurrency: 10 });
  const fetch = tollgate.createFetch({ throttle: gate });
  const statuses = [];
  const fromScript = async () => {
    const response = await fetch(`${url}?from=script`);
    await response.arrayBuffer();
    statuses.push(response.status);
  };
  // Until all are in line.
  gate.pause(60_000);
  const all = [];
  for (let caller = 0; caller < callers; caller++) {
    all.push(caller % 2 === 0 ? fromScript() : app.send_all(`${url}?from=rust`, 1, (status) => statuses.push(status)));
    // A task of Rust's takes its place in line when it is first run, in a microtask of its own.
    await new Promise((resolve) => setTimeout(resolve));
  }
  if (gate.waiting !== callers) throw new Error(`${gate.waiting} are in line`);
  gate.resume();
  await Promise.all(all);
  if (gate.inFlight + gate.waiting > 0) throw new Error(`${gate.inFlight} are still inside, ${gate.waiting} in line`);
  return statuses;
}
