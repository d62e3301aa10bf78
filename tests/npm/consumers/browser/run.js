// Runs one file of cases, in a page or in a worker: every export is a case, but for `prepare`, which comes before the
// package is loaded.

const name = new URL(import.meta.url).searchParams.get("cases");
const { prepare, ...cases } = await import(`./cases/${name}.js`);
prepare?.();
const tollgate = await import("./node_modules/tollgate/dist/index.js");

const failed = [];
for (const [title, run] of Object.entries(cases)) {
  try {
    await run(tollgate);
  } catch (error) {
    failed.push(`${title}: ${error?.stack ?? error}`);
  }
}
if (failed.length > 0) console.error(failed.join("\n"));
else console.log(`job done: ${Object.keys(cases).length} cases of ${name}`);
