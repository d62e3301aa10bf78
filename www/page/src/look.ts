// The colours of the page, for what is drawn and not styled.

export interface Colours {
  ink: string;
  faint: string;
  line: string;
  lane: string;
  waiting: string;
  flight: string;
  good: string;
  bad: string;
}

const NAMES: (keyof Colours)[] = ["ink", "faint", "line", "lane", "waiting", "flight", "good", "bad"];

let known: Colours | undefined;
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => (known = undefined));

export function colours(): Colours {
  if (!known) {
    const style = getComputedStyle(document.documentElement);
    known = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as unknown as Colours;
  }
  return known;
}

export const FONT = `11px system-ui, sans-serif`;
/** Where the labels are, left of what is drawn: the same for timeline and chart, so that their times line up. */
export const GUTTER = 68;
/** Room for half of the last label of the time axis. */
export const MARGIN = 12;

/** How much time is shown, so that it seldom changes on the way. */
export function extent(ms: number): number {
  const seconds = [3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 40, 60, 90, 120, 180, 300, 600];
  return (seconds.find((most) => ms <= most * 980) ?? Math.ceil(ms / 60_000) * 60) * 1000;
}

/** The distance of the marks on the time axis. */
export function step(extent: number): number {
  return [1, 2, 5, 10, 20, 30, 60, 120].map((seconds) => seconds * 1000).find((step) => extent / step <= 6) ?? 300_000;
}
