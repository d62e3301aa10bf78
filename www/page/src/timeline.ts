import { type Colours, colours, FONT, GUTTER, MARGIN, step } from "./look.js";
import type { Mark, Track } from "./track.js";

/** The lanes, from the top, and how high each is. */
const LANES = [
  { label: "waiting", height: 52 },
  { label: "in flight", height: 36 },
  { label: "200", height: 36 },
  { label: "refused", height: 36 },
] as const;
const GAP = 4;
const AXIS = 18;
const PAD = 4;

export const HEIGHT = LANES.reduce((sum, { height }) => sum + height + GAP, 0) + AXIS;

/** Draws each request in four lanes over time: a line where it waits or is in flight, a mark when it is answered. */
export class Timeline {
  readonly #canvas: HTMLCanvasElement;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
  }

  /** @param requests How many calls there are: a call is as far down in its lane as it is late in the queue. */
  draw(track: Track | undefined, requests: number, extent: number): void {
    const canvas = this.#canvas;
    const ratio = devicePixelRatio || 1;
    const width = canvas.clientWidth;
    if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
    if (canvas.height !== Math.round(HEIGHT * ratio)) canvas.height = Math.round(HEIGHT * ratio);
    const to = canvas.getContext("2d");
    if (!to) return;
    to.setTransform(ratio, 0, 0, ratio, 0, 0);
    to.clearRect(0, 0, width, HEIGHT);
    const look = colours();
    const x = (ms: number) => GUTTER + (ms / extent) * (width - GUTTER - MARGIN);
    const tops = frame(to, look, width, extent, x);
    if (!track) return;
    const y = (mark: Mark, lane: 0 | 1 | 2 | 3) => tops[lane]! + PAD + (mark.index / Math.max(1, requests - 1)) * (LANES[lane].height - 2 * PAD);
    const { now } = track;
    to.lineWidth = 1;
    lines(to, look.waiting, track.marks, (mark) => [x(mark.queued), x(mark.sent ?? mark.done ?? now), y(mark, 0)]);
    to.lineWidth = 1.5;
    lines(to, look.flight, track.marks, (mark) => mark.sent !== undefined && [x(mark.sent), Math.max(x(mark.done ?? now), x(mark.sent) + 1.5), y(mark, 1)]);
    answers(to, look, track.marks, x, y);
    to.strokeStyle = look.faint;
    to.lineWidth = 1;
    const at = Math.round(x(Math.min(now, extent))) + 0.5;
    to.beginPath();
    to.moveTo(at, 0);
    to.lineTo(at, HEIGHT - AXIS);
    to.stroke();
  }
}

/** Lanes, labels and the time axis; where each lane begins. */
function frame(to: CanvasRenderingContext2D, look: Colours, width: number, extent: number, x: (ms: number) => number): number[] {
  to.font = FONT;
  to.textBaseline = "middle";
  const tops: number[] = [];
  let top = 0;
  for (const { label, height } of LANES) {
    to.fillStyle = look.lane;
    to.fillRect(GUTTER, top, width - GUTTER - MARGIN, height);
    to.fillStyle = look.faint;
    to.textAlign = "right";
    to.fillText(label, GUTTER - 8, top + height / 2);
    tops.push(top);
    top += height + GAP;
  }
  to.strokeStyle = look.line;
  to.lineWidth = 1;
  to.beginPath();
  to.textAlign = "center";
  for (let ms = 0; ms <= extent; ms += step(extent)) {
    const at = Math.round(x(ms)) + 0.5;
    to.moveTo(at, 0);
    to.lineTo(at, HEIGHT - AXIS);
    to.fillText(`${ms / 1000} s`, at, HEIGHT - AXIS / 2 + 1);
  }
  to.stroke();
  return tops;
}

function lines(to: CanvasRenderingContext2D, colour: string, marks: Mark[], place: (mark: Mark) => [from: number, until: number, y: number] | false): void {
  to.strokeStyle = colour;
  to.beginPath();
  for (const mark of marks) {
    const at = place(mark);
    if (!at || at[1] - at[0] < 0.3) continue;
    to.moveTo(at[0], at[2]);
    to.lineTo(at[1], at[2]);
  }
  to.stroke();
}

/** Told apart by lane and shape, not by colour alone: a dot is a 200 (a diamond, if Rust asked), a cross a 429, a square a 503. */
function answers(to: CanvasRenderingContext2D, look: Colours, marks: Mark[], x: (ms: number) => number, y: (mark: Mark, lane: 2 | 3) => number): void {
  const [dots, refusals] = [new Path2D(), new Path2D()];
  for (const mark of marks) {
    if (mark.status === undefined || mark.done === undefined) continue;
    const at = x(mark.done);
    if (mark.status === 200) {
      const height = y(mark, 2);
      if (mark.byRust) diamond(dots, at, height, 3.2);
      else {
        dots.moveTo(at + 1.9, height);
        dots.arc(at, height, 1.9, 0, 7);
      }
    } else if (mark.status === 503) {
      refusals.rect(at - 2, y(mark, 3) - 2, 4, 4);
    } else {
      cross(refusals, at, y(mark, 3), 2.4);
    }
  }
  to.fillStyle = look.good;
  to.fill(dots);
  to.strokeStyle = look.bad;
  to.lineWidth = 1.3;
  to.stroke(refusals);
}

function diamond(path: Path2D, x: number, y: number, size: number): void {
  path.moveTo(x, y - size);
  path.lineTo(x + size, y);
  path.lineTo(x, y + size);
  path.lineTo(x - size, y);
  path.closePath();
}

function cross(path: Path2D, x: number, y: number, size: number): void {
  path.moveTo(x - size, y - size);
  path.lineTo(x + size, y + size);
  path.moveTo(x + size, y - size);
  path.lineTo(x - size, y + size);
}
