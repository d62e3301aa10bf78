// The same text as a module and as a script that requires: which declarations it gets depends on its name.

import { readFile, writeFile } from "node:fs/promises";

const text = `${await readFile("use.ts", "utf8")}\nvoid use();\n`;
await writeFile("esm.mts", text);
await writeFile("cjs.cts", text);
