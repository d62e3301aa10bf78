// Starts the strict API server of this repository, for examples that are not given one.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Its URL, and how to stop it. The flags are those of `tollgate-server`. */
export async function startServer(...flags) {
  const command = ["run", "--quiet", "--package", "tollgate-server", "--", "--addr", "127.0.0.1:0", ...flags];
  const cwd = fileURLToPath(new URL("../..", import.meta.url));
  const server = spawn(process.env.CARGO ?? "cargo", command, { cwd, stdio: ["ignore", "pipe", "inherit"] });
  const stopped = new Promise((resolve, reject) => server.once("error", reject).once("exit", resolve));
  const stop = async () => {
    server.kill("SIGINT");
    await stopped;
  };
  for await (const line of createInterface(server.stdout)) {
    const url = /^listening on (.*)/.exec(line)?.[1];
    if (url) return { url, stop };
  }
  throw new Error(`the server did not start: it ended with ${await stopped}`);
}
