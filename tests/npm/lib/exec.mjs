import { spawn } from "node:child_process";

/** Nothing here takes so long unless it hangs. */
const PATIENCE = 120_000;

/** Runs a program and answers what it printed; throws, with all of that, if it fails. */
export async function exec(command, args, options) {
  const env = { ...process.env, NO_COLOR: "1" };
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], shell: process.platform === "win32", env, ...options });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  let late = false;
  const alarm = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, PATIENCE);
  const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  clearTimeout(alarm);
  if (late || code !== 0) {
    throw new Error(`\`${[command, ...args].join(" ")}\` ${late ? "did not end" : `exited with ${code}`}:\n${output}`);
  }
  return output;
}
