import type { Permit } from "./permit.js";
import { Registry } from "./registry.js";

/** So much of a body is read ahead. */
const AHEAD = 64 * 1024;

/** What no body can be given to: `new Response` throws. */
const NO_BODY = [101, 103, 204, 205, 304];

/** The ways to read all of a response. */
const WAYS = ["arrayBuffer", "blob", "bytes", "formData", "json", "text"] as const;

/** Bodies that are collected before they have been read to their end. */
const collected = new Registry<() => void>((end) => end());

/** The same response; the permit is given back when its body ends, fails, is cancelled, or is collected. */
export function holdUntilRead(response: Response, permit: Permit): Response {
  const { body } = response;
  // Browsers give even those a body that must not have one, and let nobody make a response of that.
  if (!isReadable(body) || NO_BODY.includes(response.status) || response.status < 200 || response.status > 599) {
    permit.release();
    return response;
  }
  const reader = body.getReader();
  let failure: { error: unknown } | undefined;
  const end = () => {
    collected.unregister(reader);
    permit.release();
  };
  const held = streamOf({
    async pull(controller) {
      try {
        for (;;) {
          const { done, value } = await reader.read();
          if (done) {
            end();
            controller.close();
            // One who reads into a buffer of its own is told only by this.
            if ("byobRequest" in controller) controller.byobRequest?.respond(0);
            return;
          }
          if (!ArrayBuffer.isView(value)) throw new TypeError("a chunk of the body is not a Uint8Array");
          if (value.byteLength > 0) {
            // A copy, whatever `value` is: a byte stream takes the buffer over, which others may still use.
            controller.enqueue(new Uint8Array(value));
            return;
          }
        }
      } catch (error) {
        failure = { error };
        end();
        controller.error(error);
        reader.cancel(error).catch(() => {});
      }
    },
    cancel(reason) {
      end();
      return reader.cancel(reason);
    },
  });
  const abandon = () => {
    permit.release();
    reader.cancel().catch(() => {});
  };
  let same: Response;
  try {
    same = new Response(held, response);
  } catch {
    // Platforms hand over what they let nobody make: a field whose name has a space in it, say.
    reader.releaseLock();
    permit.release();
    return response;
  }
  collected.register(held, abandon, reader);
  return likeness(same, response, () => failure);
}

/** Whether it is a body that nobody reads yet. */
function isReadable(body: unknown): body is ReadableStream<Uint8Array> {
  const { getReader, locked } = Object(body);
  return getReader !== undefined && !locked;
}

/** A stream that reads so much ahead; of bytes where there is such a thing. */
function streamOf(source: {
  pull(controller: ReadableByteStreamController | ReadableStreamDefaultController<Uint8Array>): Promise<void>;
  cancel(reason: unknown): Promise<void>;
}): ReadableStream<Uint8Array> {
  try {
    return new ReadableStream({ ...source, type: "bytes" }, { highWaterMark: AHEAD });
  } catch {
    return new ReadableStream(source, new ByteLengthQueuingStrategy({ highWaterMark: AHEAD }));
  }
}

/** Gives a response what its constructor does not. */
function likeness(response: Response, original: Response, failure: () => { error: unknown } | undefined): Response {
  const { url, redirected, type } = original;
  const clone = () => likeness(Response.prototype.clone.call(response), original, failure);
  const properties: Record<string, unknown> = { url, redirected, type, clone };
  for (const way of WAYS) {
    const read: (() => Promise<unknown>) | undefined = Response.prototype[way];
    // Chromium tells who reads all at once of any failure of a stream as "Failed to fetch", even if it was aborted.
    if (read) {
      properties[way] = () =>
        read.call(response).catch((error: unknown) => {
          throw failure()?.error ?? error;
        });
    }
  }
  for (const [name, value] of Object.entries(properties)) {
    Object.defineProperty(response, name, { value, configurable: true });
  }
  return response;
}
