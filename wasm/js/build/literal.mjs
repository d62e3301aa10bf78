/** Bytes as a module with a string literal in it: printable ASCII as it is, the rest as \xNN. */
export function literal(bytes) {
  let text = "";
  for (const byte of bytes) {
    const char = String.fromCharCode(byte);
    if (char === '"' || char === "\\") text += `\\${char}`;
    else if (byte >= 0x20 && byte < 0x7f) text += char;
    else text += `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return `
    const text = "${text}";
    export const bytes = () => Uint8Array.from(text, (char) => char.charCodeAt(0));`;
}
