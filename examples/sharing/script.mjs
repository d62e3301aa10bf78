// The script's part. `app` is the module that wasm-bindgen made of the app; `tollgate` is the package
// `tollgate/slim`, which brings no wasm of its own: the app has it inside.

/** The app's throttle, as an object of JavaScript's. */
export function open(app, { adopt }, { perSecond, concurrency }) {
  return adopt(app, app.throttle(perSecond, concurrency));
}

/**
 * Sends `requests` in all, every other one from JavaScript, and tells `answered` each status. The address says which:
 * `?from=rust` or `?from=script`. If the server refuses one, both languages wait for as long as it says.
 */
export async function sendAll(app, { createFetch }, gate, url, requests, answered) {
  const fetch = createFetch({ throttle: gate });
  const send = async () => {
    const response = await fetch(`${url}?from=script`);
    await response.arrayBuffer();
    answered(response.status);
  };
  const fromRust = app.send_all(`${url}?from=rust`, Math.floor(requests / 2), answered);
  const fromScript = Array.from({ length: Math.ceil(requests / 2) }, send);
  await Promise.all([fromRust, ...fromScript]);
}

/** In which order callers in both languages are let in, who come by turns while the only slot is taken. */
export async function order(app, gate, callers) {
  const entered = [];
  const holding = await gate.acquire();
  const all = [];
  for (let caller = 0; caller < callers; caller++) {
    const enter = (name) => entered.push(`${name} ${caller}`);
    all.push(
      caller % 2 === 0
        ? gate.run(() => enter("script"))
        : new Promise((resolve) => app.enter("rust", (name) => resolve(enter(name)))),
    );
    // A task of Rust's takes its place in line when it is first run, in a microtask of its own.
    await new Promise((resolve) => setTimeout(resolve));
  }
  holding.release();
  await Promise.all(all);
  return entered;
}
