/** The first character of the alphabet, and how many it has: all that can be printed, from here on. */
const FIRST = 36;
const LETTERS = 91;
/** In the alphabet's place of the backslash, which would have to be written twice, stands the one before its first. */
const BACKSLASH = 92;
/** Before letters that stand for the rarer bytes: so many letters on, or twice as many. */
const RARE = " ";
const RAREST = "!";

/**
 * Bytes as a module with a string in it that is nothing but ASCII that can be printed, however it is written.
 *
 * With escapes the source would be ASCII as well, but the string would not: minifiers write what an escape stands for,
 * and that is something else in a script that is not read as UTF-8. So the bytes there are most of have a letter each,
 * and the others have two. It weighs next to nothing more than the bytes, once both are compressed.
 */
export function literal(bytes) {
  const often = commonest(bytes);
  const order = ordered(often);
  const code = new Map(order.map((byte, place) => [byte, place]));
  const letter = (place) => String.fromCharCode(place + FIRST === BACKSLASH ? FIRST - 1 : place + FIRST);
  const prefix = ["", RARE, RAREST];
  let text = "";
  for (const byte of bytes) {
    const place = code.get(byte);
    text += prefix[Math.floor(place / LETTERS)] + letter(place % LETTERS);
  }
  return `
    const text = ${JSON.stringify(text)};
    // Bit by bit, which bytes have a letter of their own.
    const often = ${JSON.stringify(often)};
    export function bytes() {
      const bytes = new Uint8Array(${bytes.length});
      const [order, rare] = [[], []];
      for (let byte = 0; byte < 256; byte++) (parseInt(often[byte >> 2], 16) >> (byte & 3) & 1 ? order : rare).push(byte);
      order.push(...rare);
      for (let from = 0, to = 0; to < bytes.length; to++) {
        let code = text.charCodeAt(from++);
        let place = -${FIRST};
        if (code < ${FIRST - 1}) {
          place += code === ${RARE.charCodeAt(0)} ? ${LETTERS} : ${2 * LETTERS};
          code = text.charCodeAt(from++);
        }
        bytes[to] = order[place + (code < ${FIRST} ? ${BACKSLASH} : code)];
      }
      return bytes;
    }`;
}

/** Which bytes there are most of, as many as there are letters: a bit each, as hexadecimals. */
function commonest(bytes) {
  const counts = new Array(256).fill(0);
  for (const byte of bytes) counts[byte]++;
  const often = new Set([...counts.keys()].sort((one, other) => counts[other] - counts[one]).slice(0, LETTERS));
  const digit = (_, place) => [0, 1, 2, 3].reduce((sum, bit) => sum + (often.has(4 * place + bit) ? 1 << bit : 0), 0).toString(16);
  return Array.from({ length: 64 }, digit).join("");
}

/** All bytes, those first that have a letter of their own. */
function ordered(often) {
  const has = (byte) => (parseInt(often[byte >> 2], 16) >> (byte & 3)) & 1;
  const all = [...Array(256).keys()];
  return [...all.filter(has), ...all.filter((byte) => !has(byte))];
}
