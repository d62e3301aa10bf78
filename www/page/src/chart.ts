import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { colours, FONT, GUTTER, MARGIN, step } from "./look.js";

const HEIGHT = 148;

/** An arrival as the server logs it; `at` in milliseconds since the start of the run. */
export interface Arrival {
  at: number;
  accepted: boolean;
}

/** How many arrived, and were let in, in the window that ends at each moment; against the limit. */
export class Chart {
  readonly #plot: uPlot;
  #extent = 3000;
  #top = 100;
  #limit = 100;

  constructor(element: HTMLElement) {
    const width = () => Math.max(200, element.clientWidth);
    this.#plot = new uPlot(
      {
        width: width(),
        height: HEIGHT,
        padding: [8, MARGIN, 0, 0],
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false, range: () => [0, this.#extent] }, y: { range: () => [0, this.#top] } },
        axes: [
          {
            stroke: () => colours().faint,
            font: FONT,
            size: 24,
            gap: 5,
            grid: { stroke: () => colours().line, width: 1 },
            ticks: { show: false },
            splits: () => Array.from({ length: Math.floor(this.#extent / step(this.#extent)) + 1 }, (_, index) => index * step(this.#extent)),
            values: (_, splits) => splits.map((ms) => `${ms / 1000} s`),
          },
          { stroke: () => colours().faint, font: FONT, size: GUTTER, gap: 8, grid: { stroke: () => colours().line, width: 1 }, ticks: { show: false }, space: 22, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000] },
        ],
        series: [
          {},
          { stroke: () => colours().ink, width: 1.5, paths: uPlot.paths.stepped!({ align: 1 }), points: { show: false } },
          { stroke: () => colours().good, fill: () => `${colours().good}26`, width: 1.5, paths: uPlot.paths.stepped!({ align: 1 }), points: { show: false } },
          { stroke: () => colours().bad, width: 1.5, dash: [5, 4], points: { show: false } },
        ],
      },
      [[], [], [], []],
      element,
    );
    new ResizeObserver(() => this.#plot.setSize({ width: width(), height: HEIGHT })).observe(element);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#plot.redraw(false, true));
  }

  /** @param top The most that either side has seen, so that both have one scale. */
  show(data: Windows, limit: number | undefined, extent: number, top: number): void {
    this.#extent = extent;
    this.#limit = limit ?? 0;
    this.#top = Math.max(top, this.#limit) * 1.15 || 10;
    const { times, arrived, accepted } = data;
    const x = [0, ...times, extent];
    const ends = (values: number[]) => [0, ...values, null];
    const limits = limit === undefined ? x.map(() => null) : x.map(() => limit);
    this.#plot.setData([x, ends(arrived), ends(accepted), limits]);
  }
}

/** Counts of windows, at each moment at which they change. */
export interface Windows {
  times: number[];
  arrived: number[];
  accepted: number[];
}

/** Counts arrivals, which are in order, in the window of one period that ends at each moment until `now`. */
export function windows(arrivals: Arrival[], period: number, now: number): Windows {
  const changes = arrivals.flatMap(({ at, accepted }) => [
    { at, by: 1, accepted },
    { at: at + period, by: -1, accepted },
  ]);
  // Who leaves the window at the moment when another comes leaves first: windows are half-open.
  changes.sort((a, b) => a.at - b.at || a.by - b.by);
  const result: Windows = { times: [], arrived: [], accepted: [] };
  let [arrived, accepted] = [0, 0];
  for (const change of changes) {
    if (change.at > now) break;
    arrived += change.by;
    if (change.accepted) accepted += change.by;
    result.times.push(Math.max(0, change.at));
    result.arrived.push(arrived);
    result.accepted.push(accepted);
  }
  return result;
}
