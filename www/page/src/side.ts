import { Chart, type Arrival, type Windows, windows } from "./chart.js";
import { type Client, makeClient } from "./client.js";
import { type SideServer, type Stats } from "./server.js";
import { type Settings, type SideName } from "./settings.js";
import { Timeline } from "./timeline.js";
import { Track } from "./track.js";

/** How often the server is asked what it has seen. */
const LOOK_EACH = 200;
/** A request without an answer by then never gets one. Nothing here may hang without a word. */
const PATIENCE = 30_000;
/** So many calls are made at once before others get a turn, those of the other side first of all. */
const HANDFUL = 50;

/** The elements that a side fills. */
export interface View {
  ok: HTMLElement;
  refused: HTMLElement;
  /** What the number of refusals is called. */
  refusedAs: HTMLElement;
  share: HTMLElement;
  worst: HTMLElement;
  rest: HTMLElement;
  canvas: HTMLCanvasElement;
  chart: HTMLElement;
}

/** One client and its server: runs it, and shows what comes of it. */
export class Side {
  readonly name: SideName;
  readonly #view: View;
  readonly #timeline: Timeline;
  readonly #chart: Chart;
  #settings: Settings | undefined;
  #server: SideServer | undefined;
  #client: Client | undefined;
  #track: Track | undefined;
  #arrivals: Arrival[] = [];
  #logged = 0;
  /** What the server's clock began at, on ours, counted from the start. */
  #began = 0;
  #stats: Stats | undefined;
  #windows: Windows = { times: [], arrived: [], accepted: [] };
  /** What the chart shows. */
  #shown: unknown[] = [];

  constructor(name: SideName, view: View) {
    this.name = name;
    this.#view = view;
    this.#timeline = new Timeline(view.canvas);
    this.#chart = new Chart(view.chart);
  }

  get track(): Track | undefined {
    return this.#track;
  }

  get stats(): Stats | undefined {
    return this.#stats;
  }

  /** The most that arrived in a window, for a scale that both sides share. */
  get most(): number {
    return this.#windows.arrived.reduce((most, count) => Math.max(most, count), 0);
  }

  /** Sets server and client up; nothing is sent before {@link run}. */
  async prepare(server: SideServer, settings: Settings): Promise<void> {
    this.#server = server;
    this.#settings = settings;
    this.#began = await server.prepare(settings.server);
  }

  /** Sends all calls; resolves when all is over and the server has told the rest. */
  async run(start: number, signal: AbortSignal): Promise<void> {
    const [server, settings] = [this.#server!, this.#settings!];
    const client = settings[this.name];
    const track = (this.#track = new Track(start));
    [this.#arrivals, this.#logged, this.#stats] = [[], 0, undefined];
    this.#windows = { times: [], arrived: [], accepted: [] };
    this.#began -= start;
    const oneLine = client.perHost && client.kind === "throttle";
    const late = new AbortController();
    const either = AbortSignal.any([signal, late.signal]);
    const sending = await makeClient(client, { track, signal: either, url: (index) => server.url(index, oneLine) }).catch((error: unknown) => {
      // Or its time would go on.
      track.end();
      throw error;
    });
    this.#client = sending;
    const watching = new AbortController();
    const watched = this.#watch(watching.signal, late);
    try {
      const calls: Promise<void>[] = [];
      for (let index = 0; index < settings.requests && !either.aborted; index++) {
        const call = sending.call(index);
        // One that fails while others are yet to be made is told of with all of them, below.
        call.catch(() => {});
        calls.push(call);
        if (index % HANDFUL === HANDFUL - 1) await breath();
      }
      await Promise.all(calls);
      if (late.signal.aborted) throw new Error(`A request got no answer for ${PATIENCE / 1000} s. The run was given up.`);
    } finally {
      track.end();
      watching.abort();
      await watched;
      this.#client = undefined;
      sending.end();
      await this.#look();
    }
  }

  /** Whether there is anything to pause. */
  pause(): boolean {
    this.#client?.pause?.();
    return this.#client?.pause !== undefined;
  }

  resume(): void {
    this.#client?.resume?.();
  }

  async refuse(ms: number): Promise<void> {
    await this.#server?.refuse(ms);
  }

  /** Draws all of it as it is now. */
  draw(extent: number, top: number): void {
    const track = this.#track;
    this.#timeline.draw(track, this.#settings?.requests ?? 1, extent);
    this.#numbers();
    const server = this.#settings?.server;
    const limit = server?.algorithm === "none" ? undefined : (server?.capacity ?? 100);
    // It changes with what the server tells, which is less often than pictures are drawn.
    const shown = [this.#windows, limit, extent, top];
    if (shown.every((part, index) => part === this.#shown[index])) return;
    this.#shown = shown;
    this.#chart.show(this.#windows, limit, extent, top);
  }

  #numbers(): void {
    const { ok, refused, refusedAs, share, worst, rest } = this.#view;
    const [track, stats] = [this.#track, this.#stats];
    put(ok, track ? String(track.of(200)) : "–");
    const [tooMany, noRoom] = [track?.of(429) ?? 0, track?.of(503) ?? 0];
    put(refused, track ? String(tooMany + noRoom) : "–");
    put(refusedAs, noRoom === 0 ? "refused 429" : tooMany === 0 ? "refused 503" : "refused 429, 503");
    refused.classList.toggle("some", tooMany + noRoom > 0);
    put(share, stats && stats.quota_used !== null ? `${Math.round(stats.quota_used * 100)} %` : "–");
    put(worst, stats ? String(stats.worst_window) : "–");
    const limit = this.#settings?.server.capacity ?? Infinity;
    worst.classList.toggle("some", this.#settings?.server.algorithm !== "none" && (stats?.worst_window ?? 0) > limit);
    if (!track) return put(rest, "Nothing sent yet");
    const parts = [`${track.waiting} waiting`, `${track.inFlight} in flight`, `${tooMany} × 429`, `${noRoom} × 503`];
    if (track.of(0) > 0) parts.push(`${track.of(0)} without an answer`);
    put(rest, parts.join(", "));
  }

  async #watch(end: AbortSignal, late: AbortController): Promise<void> {
    while (!end.aborted) {
      if (this.#track!.longest > PATIENCE) late.abort();
      // What is wrong with the server the calls tell as well, and the last look.
      await this.#look().catch(() => {});
      await new Promise<void>((resolve) => {
        const done = () => (clearTimeout(alarm), end.removeEventListener("abort", done), resolve());
        const alarm = setTimeout(done, LOOK_EACH);
        end.addEventListener("abort", done);
        if (end.aborted) done();
      });
    }
  }

  /** Asks the server what it has seen since. */
  async #look(): Promise<void> {
    const [server, settings, track] = [this.#server!, this.#settings!, this.#track!];
    const [log, stats] = await Promise.all([server.log(this.#logged), server.stats()]);
    for (const { number, at_ms, status } of log) {
      this.#logged = number;
      this.#arrivals.push({ at: at_ms + this.#began, accepted: status === 200 });
    }
    this.#stats = stats;
    this.#windows = windows(this.#arrivals, settings.server.period, track.now);
  }
}

/** Lets others have a turn; not by a timer, which hidden pages get once a second. */
function breath(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => (port1.close(), resolve());
    port2.postMessage(undefined);
  });
}

/** Only what has changed: whatever is written is laid out anew. */
function put(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
