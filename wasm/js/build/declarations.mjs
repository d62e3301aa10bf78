import { readFile } from "node:fs/promises";

/** In the order in which a reader wants to meet them. */
const MODULES = ["gate", "permit", "semaphore", "throttle", "keyed", "map", "fetch", "events", "errors", "adopt"];

/** One file of declarations for each entry, from those that the compiler wrote for each module. */
export async function declarations(folder) {
  const read = (name) => readFile(`${folder}/${name}.d.ts`, "utf8");
  const core = await read("core");
  const open = new Set([...core.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, names]) => names.split(",").map((name) => name.replace("type", "").trim())));
  const parts = await Promise.all(MODULES.map(async (name) => tidy(await read(name), open)));
  const all = parts.join("\n");
  // `Gate` and `Permit` are types to users, who do not make them.
  const types = "export type { Gate, Permit };\n";
  return [
    ["index", `${head(await read("index"))}${all}\n${exportsOf(await read("engine"))}\n${types}`],
    // What both export is the same to TypeScript as well: two declarations of a class would not be.
    ["slim", `${head(await read("slim"))}export * from "./index.js";\n\n${init(await read("slim"))}`],
  ];
}

/** Without imports; exported only what the package exports. */
function tidy(text, open) {
  return text
    .replace(/^import .*;\n/gm, "")
    .replace(/^export \{\};?\n/gm, "")
    .replace(/^(\/\*\*.*\*\/\n)?declare const (dispose|asyncDispose).*;\n/gm, "")
    .replace(/\[(dispose|asyncDispose)\]/g, "[Symbol.$1]")
    .replace(/^export (declare )?(abstract )?(class|interface|type|function|const) (\w+)/gm, (whole, _, abstract = "", kind, name) => {
      const isOpen = open.has(name) && name !== "Gate" && name !== "Permit";
      return `${isOpen ? "export " : ""}declare ${abstract}${kind} ${name}`.replace(/declare (interface|type)/, "$1");
    });
}

/** Of the engine just what `adopt` takes. */
const exportsOf = (text) => /^\/\*\*.*\*\/\nexport (interface Exports \{[^}]*\}\n)/m.exec(text)[1];

// `Disposable` is of a library of its own, which is not on by default.
const head = (text) => `/// <reference lib="esnext.disposable" />\n${text.slice(0, text.indexOf("*/") + 2)}\n`;

function init(text) {
  const at = text.indexOf("export declare function init");
  return text.slice(text.lastIndexOf("/**", at));
}
