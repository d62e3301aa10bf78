// A server in place of the global `fetch`, so that each request is answered as told, and at once on the clock that is
// moved by hand. Made once, as the platform is.
globalThis.tollgateServer ??= (() => {
  const real = globalThis.fetch;
  let answers, seen, aborted;

  const respond = (request) => {
    seen.push(performance.now());
    request.signal.addEventListener("abort", () => (aborted += 1));
    const [status, fields, body] = answers[Math.min(seen.length, answers.length) - 1];
    if (status === 0) {
      return Promise.reject(new TypeError("the network is down"));
    }
    if (status === -1) {
      return new Promise((_, reject) => request.signal.addEventListener("abort", () => reject(request.signal.reason)));
    }
    const response = new Response(body, { status, headers: fields });
    Object.defineProperty(response, "url", { value: request.url });
    return Promise.resolve(response);
  };

  return {
    // Answers of [status, fields, body], one after the other and the last for all others; a status of 0 is no answer,
    // and -1 none ever.
    start(text) {
      [answers, seen, aborted] = [JSON.parse(text), [], 0];
      globalThis.fetch = respond;
    },
    stop() {
      globalThis.fetch = real;
    },
    seen: () => Float64Array.from(seen),
    aborted: () => aborted,
    inSeconds: (seconds) => new Date(Date.now() + seconds * 1_000).toUTCString(),
  };
})();
