// The page: what is set, and the run of both sides.

import { Form, SERVER } from "./form.js";
import { extent } from "./look.js";
import { Panel } from "./panel.js";
import { SideServer } from "./server.js";
import { copy, describeServer, PRESETS, type ServerSettings, type Settings, SIDES } from "./settings.js";

/** Milliseconds between pictures; who wants less to move gets one now and then. */
const SMOOTH = 30;
const CALM = 500;
/** How long the button makes the server refuse. */
const REFUSE = 2000;

const find = <E extends HTMLElement = HTMLElement>(selector: string) => document.querySelector<E>(selector)!;
const [start, pause, refuse, status, alert] = ["#start", "#pause", "#refuse", "#status", "#alert"].map((id) => find(id)) as [HTMLElement, HTMLElement, HTMLElement, HTMLElement, HTMLElement];
const calm = matchMedia("(prefers-reduced-motion: reduce)");

let settings: Settings = copy(PRESETS[0]!.settings);
/** The run, if there is one. */
let running: AbortController | undefined;
/** Whether it has begun: before that, the servers forget what they are told, and there is no client to pause. */
let begun = false;
let paused = false;
let servers: Promise<SideServer[]> | undefined;

const panels = SIDES.map((name) => new Panel(name, find(".sides"), settings, changed));
const serverForm = new Form<ServerSettings & { requests: number }>(find<HTMLFormElement>("#server form"), "server", SERVER, serverSettings(), (given) => {
  const { requests, ...server } = given;
  settings.requests = requests;
  // From a list of options come words.
  settings.server = { ...server, hosts: Number(server.hosts) as 1 | 2 };
  changed();
});

const presets = PRESETS.map((preset) => {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: preset.name });
  button.dataset["preset"] = preset.id;
  button.addEventListener("click", () => {
    if (running) return;
    settings = copy(preset.settings);
    serverForm.show(serverSettings());
    show(preset.id);
  });
  return button;
});
find(".presets").append(...presets);
start.addEventListener("click", () => (running ? running.abort() : void run()));
pause.addEventListener("click", () => begun && togglePause());
refuse.addEventListener("click", () => begun && void refuseFor(REFUSE));
new ResizeObserver(() => draw()).observe(find(".sides"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw());
show(PRESETS[0]!.id);

function serverSettings(): ServerSettings & { requests: number } {
  return { ...settings.server, requests: settings.requests };
}

/** Something was set by hand. */
function changed(): void {
  show(undefined);
}

function show(preset: string | undefined): void {
  for (const button of presets) button.setAttribute("aria-pressed", String(button.dataset["preset"] === preset));
  find("#about").textContent = PRESETS.find(({ id }) => id === preset)?.about ?? "Settings of your own.";
  find("#server summary span").textContent = describeServer(settings.server, settings.requests);
  panels.forEach((panel) => panel.show(settings));
}

async function run(): Promise<void> {
  // All of them, so that each shows what is wrong with it.
  if (![serverForm, ...panels].map((form) => form.check()).every(Boolean)) return;
  const controller = (running = new AbortController());
  const { signal } = controller;
  const used = copy(settings);
  const timers: ReturnType<typeof setTimeout>[] = [];
  say("Getting ready …");
  fail(undefined);
  state("running");
  try {
    const found = await (servers ??= Promise.all(SIDES.map((name) => SideServer.find(name))));
    await Promise.all(panels.map(({ side }, index) => side.prepare(found[index]!, used)));
    if (used.server.refuseFor > 0) timers.push(setTimeout(() => void refuseFor(used.server.refuseFor), used.server.refuseAfter));
    begun = true;
    state("running");
    say(`Running: ${describeServer(used.server, used.requests)}.`);
    panels.forEach((panel) => panel.tell("The run is on."));
    const began = performance.now();
    const both = Promise.allSettled(panels.map(({ side }) => side.run(began, signal)));
    animate(signal);
    const failed = (await both).find((outcome) => outcome.status === "rejected");
    if (failed) throw failed.reason;
    conclude(signal.aborted);
  } catch (error) {
    // The next run looks for the servers anew.
    servers = undefined;
    panels.forEach((panel) => panel.tell("The run failed."));
    say("Failed.");
    fail(error instanceof Error ? error.message : String(error));
  } finally {
    timers.forEach(clearTimeout);
    running = undefined;
    begun = false;
    paused = false;
    state("done");
    draw();
  }
}

/** Says what has come of it, and whether the servers have counted the same. */
function conclude(stopped: boolean): void {
  const outcomes = panels.map((panel) => {
    const { track, stats } = panel.side;
    const of = (code: number) => track?.of(code) ?? 0;
    const refusals = [429, 503].filter((code) => of(code) > 0).map((code) => `${of(code)} refused with ${code}`);
    const text = `${of(200)} answered, ${refusals.join(", ") || "none refused"}`;
    panel.tell(`${text}.`);
    const agrees = [200, 429, 503].every((code) => of(code) === (stats?.statuses[code] ?? 0));
    return { heading: panel.heading, text, agrees, failed: of(0) };
  });
  const sameKind = outcomes[0]?.heading === outcomes[1]?.heading;
  const said = outcomes.map(({ heading, text }, index) => `${sameKind ? ["Left", "Right"][index] : heading}: ${text}`).join(". ");
  const failed = outcomes.reduce((sum, { failed }) => sum + failed, 0);
  if (failed > 0) fail(`${failed} requests got no answer. Is the server still running?`);
  const count = outcomes.every(({ agrees }) => agrees) ? "The servers counted the same." : "The servers counted otherwise.";
  say(stopped ? `Stopped. ${said}.` : `${said}. ${failed > 0 ? "" : count}`);
}

function togglePause(): void {
  paused = !paused;
  const able = panels.filter(({ side }) => (paused ? side.pause() : (side.resume(), true)));
  if (paused && able.length === 0) {
    paused = false;
    return say("There is nothing to pause: only a throttle can be paused.");
  }
  say(paused ? `Paused: ${able.map(({ side }) => side.name).join(" and ")}. What is in flight goes on.` : "Goes on.");
  state("running");
}

async function refuseFor(ms: number): Promise<void> {
  try {
    const during = running;
    await Promise.all(panels.map(({ side }) => side.refuse(ms)));
    // What has come of a run that is over by now stays said.
    if (running === during) say(`The servers refuse everything for ${ms / 1000} s.`);
  } catch (error) {
    fail((error as Error).message);
  }
}

/** Draws until the run is over. Hidden pages get no frames, and catch up when they are seen again. */
function animate(signal: AbortSignal): void {
  let drawn = -Infinity;
  const frame = (now: number) => {
    if (!running || signal.aborted) return;
    if (now - drawn >= (calm.matches ? CALM : SMOOTH)) {
      drawn = now;
      draw();
    }
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

function draw(): void {
  const shown = extent(Math.max(...panels.map(({ side }) => side.track?.now ?? 0)));
  const most = Math.max(...panels.map(({ side }) => side.most));
  panels.forEach(({ side }) => side.draw(shown, most));
}

function state(now: "running" | "done"): void {
  document.body.dataset["state"] = now;
  const on = now === "running";
  start.textContent = on ? "Stop" : "Start again";
  pause.textContent = paused ? "Resume" : "Pause";
  for (const button of [pause, refuse]) button.setAttribute("aria-disabled", String(!begun));
  for (const button of presets) button.setAttribute("aria-disabled", String(on));
}

function say(text: string): void {
  status.textContent = text;
}

function fail(why: string | undefined): void {
  alert.hidden = why === undefined;
  alert.textContent = why ?? "";
}
