// As Cloudflare's tools do it: their condition, and the wasm as a file beside the bundle.

import { build } from "esbuild";

const { metafile } = await build({
  entryPoints: ["main.js"],
  outdir: "out",
  bundle: true,
  format: "esm",
  conditions: ["workerd", "worker", "browser"],
  loader: { ".wasm": "copy" },
  metafile: true,
  logLevel: "warning",
});
const inputs = Object.keys(metafile.inputs).filter((path) => path.includes("tollgate/"));
const names = inputs.map((path) => path.slice(path.lastIndexOf("/") + 1)).sort();
if (String(names) !== "core.js,tollgate.wasm,workerd.js") throw new Error(`bundled of tollgate: ${names}`);
