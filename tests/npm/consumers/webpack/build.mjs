// As by the command line, which would be one more package to install.

import { fileURLToPath } from "node:url";
import webpack from "webpack";

const context = fileURLToPath(new URL(".", import.meta.url));
const stats = await new Promise((resolve, reject) => {
  webpack({ mode: "production", context, entry: "./main.js" }, (error, stats) => (error ? reject(error) : resolve(stats)));
});
if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString());
