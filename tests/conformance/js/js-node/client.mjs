// `rate_limited_client`: a `createFetch` on a throttle of slots, and the stub server it asks.

import { Task } from './task.mjs';
import { ThrottleGate } from './throttle.mjs';
import { number } from './times.mjs';

export class ClientGate extends ThrottleGate {
  #delay;
  #fetch;
  #server;
  #asked = new Map();
  /** Who asks for a path. */
  #getting = new Map();

  constructor(tollgate, { max_concurrent, delay, retries }, times) {
    super(tollgate, { rates: [], concurrency: max_concurrent, cooldown: delay }, times);
    this.#delay = delay;
    this.#fetch = tollgate.createFetch({
      throttle: this.throttle,
      retries: number(retries),
      backoff: (attempt) => times.span(0.5 * attempt),
      jitter: false,
      fetch: (url) => this.#answer(new URL(url).pathname),
    });
  }

  /** Those who wait before they try again have an alarm each. */
  mostAlarms(waiting) {
    return 1 + waiting.size;
  }

  get(scene, url, server) {
    this.#server = server;
    const get = new Get(scene, url, () => this.#fetch(`http://host${url}`), this.#delay);
    this.#getting.set(url, get);
    return get;
  }

  async #answer(path) {
    const answers = this.#server[path];
    if (!answers?.length) throw new Error(`the server does not know ${path}`);
    const asked = this.#asked.get(path) ?? 0;
    this.#asked.set(path, asked + 1);
    const { status = 200, retry_after, headers, body, error, latency } = answers[Math.min(asked, answers.length - 1)];
    const get = this.#getting.get(path);
    get.scene.tell(path, 'send');
    if (latency !== undefined) await get.sleep(latency);
    if (error !== undefined) throw new TypeError(error);
    const fields = { ...(retry_after !== undefined && { 'retry-after': retry_after }), ...headers };
    return new Response(body, { status, headers: fields });
  }
}

/** One request. */
class Get extends Task {
  #url;
  #fetch;
  #delay;

  constructor(scene, url, fetch, delay) {
    super(scene);
    this.#url = url;
    this.#fetch = fetch;
    this.#delay = delay;
  }

  async work() {
    this.waits = true;
    let body = 'None';
    try {
      const response = await this.#fetch();
      if (response.ok) body = await response.text();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    if (number(this.#delay) > 0) await this.sleep(this.#delay);
    this.scene.tell(this.#url, `return:${body}`);
  }
}
