import type { Permit } from "./permit.js";

/** So much of a body is read ahead. */
const AHEAD = 64 * 1024;

/** Bodies that are collected before they have been read to their end. */
const collected = new FinalizationRegistry<() => void>((end) => end());

/** The same response; the permit is given back when its body ends, fails, is cancelled, or is collected. */
export function holdUntilRead(response: Response, permit: Permit): Response {
  const { body } = response;
  if (body === null) {
    permit.release();
    return response;
  }
  const reader = body.getReader();
  const end = () => {
    collected.unregister(reader);
    permit.release();
  };
  const held = new ReadableStream(
    {
      type: "bytes",
      async pull(controller) {
        try {
          for (;;) {
            const { done, value } = await reader.read();
            if (done) {
              end();
              controller.close();
              // One who reads into a buffer of its own is told only by this.
              controller.byobRequest?.respond(0);
              return;
            }
            if (value.byteLength > 0) {
              controller.enqueue(whole(value));
              return;
            }
          }
        } catch (error) {
          end();
          controller.error(error);
        }
      },
      cancel(reason) {
        end();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: AHEAD },
  );
  const abandon = () => {
    permit.release();
    reader.cancel().catch(() => {});
  };
  collected.register(held, abandon, reader);
  return likeness(new Response(held, response), response);
}

/** What a byte stream can take over: all of a buffer, not a part of one that others use. */
function whole(chunk: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return chunk.byteLength === chunk.buffer.byteLength ? chunk : chunk.slice();
}

/** Gives a response what its constructor does not. */
function likeness(response: Response, original: Response): Response {
  const { url, redirected, type } = original;
  const clone = () => likeness(Response.prototype.clone.call(response), original);
  for (const [name, value] of Object.entries({ url, redirected, type, clone })) {
    Object.defineProperty(response, name, { value, configurable: true });
  }
  return response;
}
