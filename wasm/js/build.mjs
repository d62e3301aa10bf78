// Builds dist/ from src/ and from what wasm-bindgen has put into pkg/. `cargo xtask package` calls this.

import { mkdir, readFile, rename, rm, writeFile, copyFile } from "node:fs/promises";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as esbuild from "esbuild";
import { declarations } from "./build/declarations.mjs";
import { literal } from "./build/literal.mjs";

const here = new URL(".", import.meta.url).pathname;
const wasm = await readFile(`${here}pkg/tollgate_bg.wasm`);

/** The functions that the wasm imports from its glue. */
const imports = WebAssembly.Module.imports(new WebAssembly.Module(wasm)).map(({ name }) => name);

/** The one of them by which an alarm is set. */
const setTimeout = imports.find((name) => name.startsWith("__wbg_setTimeout_"));

/** What only the build knows. */
const virtual = {
  "wasm:bytes": literal(wasm),
  // Of the glue just what is needed: its exports that wrap those of the wasm do nothing but call them.
  "wasm:glue": `
    import { __wbg_set_wasm, ${imports.join(", ")} } from "./pkg/tollgate_bg.js";
    export function instantiate(module, failed) {
      // A timer calls straight into the wasm: nobody else would notice should that fail.
      const set = (ring, ms, place) => ${setTimeout}((at) => { try { ring(at) } catch (error) { failed(error) } }, ms, place);
      const glue = { ${imports.filter((name) => name !== setTimeout).join(", ")}, ${setTimeout}: set };
      const { exports } = new WebAssembly.Instance(module, { "./tollgate_bg.js": glue });
      __wbg_set_wasm(exports);
      exports.__wbindgen_start();
      // As an object like others: that of the platform is a dictionary, in which each call would be looked up.
      return { ...exports };
    }`,
};

/** `core` is a file of its own, so that `tollgate` and `tollgate/slim` are the same classes. */
const plugin = (extension) => ({
  name: "tollgate",
  setup(build) {
    build.onResolve({ filter: /^wasm:/ }, ({ path }) => ({ path, namespace: "virtual" }));
    build.onLoad({ filter: /.*/, namespace: "virtual" }, ({ path }) => ({ contents: virtual[path], resolveDir: here }));
    build.onResolve({ filter: /^\.\/core\.js$/ }, () => ({ path: `./core${extension}`, external: true }));
    build.onResolve({ filter: /\.wasm$/ }, ({ path }) => ({ path, external: true }));
  },
});

const common = {
  absWorkingDir: here,
  bundle: true,
  outdir: "dist.new",
  target: "es2022",
  platform: "neutral",
  charset: "ascii",
  legalComments: "none",
  minifySyntax: true,
  minifyWhitespace: true,
  // When an error is not caught, Node shows the line it came from.
  lineLimit: 160,
  logLevel: "warning",
};

await rm(`${here}dist.new`, { recursive: true, force: true });
await mkdir(`${here}dist.new`);
for (const [format, extension] of [["esm", ".js"], ["cjs", ".cjs"]]) {
  const entryPoints = ["src/core.ts", "src/index.ts", "src/slim.ts", ...(format === "esm" ? ["src/workerd.ts"] : [])];
  await esbuild.build({ ...common, entryPoints, format, outExtension: { ".js": extension }, plugins: [plugin(extension)] });
}
await copyFile(`${here}pkg/tollgate_bg.wasm`, `${here}dist.new/tollgate.wasm`);
await promisify(execFile)(`${here}node_modules/.bin/tsc`, ["-p", here, "--emitDeclarationOnly", "--outDir", `${here}dist.new/types`]);
for (const [entry, text] of await declarations(`${here}dist.new/types`)) {
  // The same text for both: what is a module to TypeScript depends on the name of the file.
  await writeFile(`${here}dist.new/${entry}.d.ts`, text);
  await writeFile(`${here}dist.new/${entry}.d.cts`, text.replace('"./index.js"', '"./index.cjs"'));
}
await rm(`${here}dist.new/types`, { recursive: true });
// At once, so that nobody meets half a package.
await rm(`${here}dist`, { recursive: true, force: true });
await rename(`${here}dist.new`, `${here}dist`);
