// The wasm module, damaged: functions of it that trap as soon as they are called.

import { readFileSync } from "node:fs";

/** The module as it is shipped. */
export const shipped = () => new Uint8Array(readFileSync(new URL("../dist/tollgate.wasm", import.meta.url)));

const EXPORTS = 7;
const CODE = 10;
/** No locals, `unreachable`, `end`. */
const TRAP = [3, 0, 0x00, 0x0b]; // of three bytes

/** Takes numbers and bytes from a module, one after the other. */
class Reader {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  get more() {
    return this.at < this.bytes.length;
  }

  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes[this.at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  }

  take(length) {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  text() {
    return new TextDecoder().decode(this.take(this.number()));
  }
}

function leb(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value & 127) | 128);
  return [...bytes, value];
}

/** The module with some of its exported functions replaced by ones that trap. */
export function trapping(...names) {
  const reader = new Reader(shipped(), 8);
  const imported = WebAssembly.Module.imports(new WebAssembly.Module(shipped())).filter(({ kind }) => kind === "function").length;
  const broken = new Set();
  const out = [...reader.bytes.subarray(0, 8)];
  while (reader.more) {
    const [id] = reader.take(1);
    let body = reader.take(reader.number());
    const section = new Reader(body);
    if (id === EXPORTS) {
      for (let count = section.number(); count > 0; count--) {
        const name = section.text();
        const [kind] = section.take(1);
        const index = section.number();
        if (kind === 0 && names.includes(name)) broken.add(index - imported);
      }
      if (broken.size !== names.length) throw new Error(`not all of ${names} are exported`);
    } else if (id === CODE) {
      const count = section.number();
      const bodies = leb(count);
      for (let index = 0; index < count; index++) {
        const size = section.number();
        const code = section.take(size);
        for (const byte of broken.has(index) ? TRAP : [...leb(size), ...code]) bodies.push(byte);
      }
      body = bodies;
    }
    out.push(id, ...leb(body.length));
    for (const byte of body) out.push(byte);
  }
  return new Uint8Array(out);
}
