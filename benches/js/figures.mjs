// What was found: a line on stdout for who runs it, and a line of JSON for `cargo xtask bench`.

import { appendFileSync } from "node:fs";

/** A short run, which shows that it works but no figures to rely on. */
export const quick = process.argv.includes("--quick");

/** So much of a unit. */
export function tell(table, row, who, value, unit) {
  console.log(`${table.padEnd(26)} ${row.padEnd(22)} ${who.padEnd(22)} ${value.toFixed(1).padStart(11)} ${unit}`);
  write({ table, row, who, value, unit });
}

/** The share of a quota that was used, and the most calls in any window of one period. */
export function tellQuota(table, row, who, share, worst, limit) {
  const over = worst > limit ? "  OVER" : "";
  const percent = (share * 100).toFixed(2).padStart(7);
  console.log(`${table.padEnd(14)} ${row.padEnd(10)} ${who.padEnd(24)} ${percent} %  worst ${worst} of ${limit}${over}`);
  write({ table, row, who, share, worst, limit });
}

/** Why there is nothing. */
export function skip(table, row, who, skipped) {
  write({ table, row, who, skipped });
}

function write(figure) {
  const file = process.env.TOLLGATE_FIGURES;
  if (file) appendFileSync(file, JSON.stringify(figure) + "\n");
}
