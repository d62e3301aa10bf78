import type { RetryInfo } from "./fetch.js";

/** What `fetch` is called with: sent once, or several times. */
export class Outgoing {
  readonly url: string;
  readonly signal: AbortSignal | undefined;
  /** The whole of it, if it came as a `Request` or somebody wants to look at it as one. */
  readonly request: Request | undefined;
  readonly #input: RequestInfo | URL;
  #init: RequestInit | undefined;
  readonly #method: string;
  readonly #hasKey: boolean;
  /** Whether it cannot be sent again. */
  readonly #once: boolean;

  /** @param whole Whether it is to be looked at. Else what was given is what is sent, with what is special to a platform. */
  constructor(input: RequestInfo | URL, init: RequestInit | undefined, whole: boolean) {
    const request = whole ? new Request(input, init) : input instanceof Request ? input : undefined;
    this.request = request;
    this.#input = request ?? input;
    this.#init = whole ? undefined : init;
    this.url = request?.url ?? String(input);
    // None is told by null, too, whatever the request has.
    const told = this.#init?.signal === undefined ? request?.signal : this.#init.signal;
    this.signal = told ?? undefined;
    // What can be gone through but once is sent as well, and again.
    const headers = this.#init?.headers as { next?: unknown } & Iterable<[string, string]> | undefined;
    if (typeof headers?.next === "function") this.#init = { ...this.#init, headers: [...headers] };
    const method = this.#init?.method ?? request?.method ?? "GET";
    this.#method = normalized(method);
    this.#hasKey = new Headers(this.#init?.headers ?? request?.headers).has("idempotency-key");
    // What is no URL here is nothing to try again.
    this.#once = isOnce(init?.body) || request?.bodyUsed || !URL.canParse(this.url, globalThis.location?.href);
  }

  /** Whether it may be sent again, if these are the methods that may. */
  mayRepeat(methods: string[]): boolean {
    return !this.#once && (this.#hasKey || methods.includes(this.#method));
  }

  /** Sends it. The body of a `Request` can be read once: where it may be needed again, what is sent is a copy. */
  send(fetch: typeof globalThis.fetch, mayRepeat: boolean): Promise<Response> {
    const { request } = this;
    // Not every browser tells whether there is a body.
    const isCopied = request && request.body !== null && (this.#init?.body ?? null) === null && mayRepeat;
    const input = isCopied ? request.clone() : this.#input;
    return this.#init === undefined ? fetch(input) : fetch(input, this.#init);
  }

  /** What is told of a retry. Its request is made when somebody looks at it: not all that is sent can be one. */
  retry(attempt: number, delay: number, response: Response | undefined, error: unknown): RetryInfo {
    const { url, request: whole } = this;
    const given = this.#init;
    return {
      get request() {
        if (whole && !given) return whole;
        const { body: _, ...init } = { ...whole && { method: whole.method, headers: whole.headers }, ...given };
        return new Request(url, init);
      },
      attempt,
      delay,
      ...(response ? { response } : { error }),
    };
  }
}

/** As `fetch` does it: the methods of old are the same in any case. */
export function normalized(method: string): string {
  return /^(delete|get|head|options|post|put)$/i.test(method) ? method.toUpperCase() : method;
}

/** Whether a body can be read but once. */
function isOnce(body: unknown): boolean {
  return body instanceof ReadableStream || Object(body)[Symbol.asyncIterator] !== undefined;
}
