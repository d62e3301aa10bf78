/** Stands before a byte that is not ASCII, less 128. */
const HIGH = "%";
/** Stands before itself, and before the other one. Both are rare in wasm. */
const PLAIN = "^";

/**
 * Bytes as a module with a string in it that is nothing but ASCII, however it is written.
 *
 * With \x80 for a byte of 128 the source would be ASCII as well, but the string would not: minifiers write what an
 * escape stands for, and that is something else in a script that is not read as UTF-8.
 */
export function literal(bytes) {
  let text = "";
  for (const byte of bytes) {
    const char = String.fromCharCode(byte & 127);
    if (byte > 127) text += HIGH;
    else if (char === HIGH || char === PLAIN) text += PLAIN;
    text += char;
  }
  return `
    const text = ${JSON.stringify(text)};
    export function bytes() {
      const bytes = new Uint8Array(${bytes.length});
      for (let from = 0, to = 0; to < bytes.length; to++) {
        const code = text.charCodeAt(from++);
        if (code === ${HIGH.charCodeAt(0)}) bytes[to] = text.charCodeAt(from++) + 128;
        else bytes[to] = code === ${PLAIN.charCodeAt(0)} ? text.charCodeAt(from++) : code;
      }
      return bytes;
    }`;
}
