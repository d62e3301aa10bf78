// Forms from a description: what is set, what it is called, and when it matters.

import type { ClientSettings, ServerSettings } from "./settings.js";

interface FieldOf<T> {
  name: keyof T & string;
  label: string;
  hint?: string;
  /** Fields that do not matter are not shown. */
  when?: (settings: T) => boolean;
}
type Field<T> = FieldOf<T> & ({ type: "number"; min: number; max: number; step?: number | "any" } | { type: "select"; options: [value: string | number, text: string][] } | { type: "switch" });

const isSemaphore = ({ kind }: ClientSettings) => kind === "semaphore" || kind === "bounded";
const isThrottle = ({ kind }: ClientSettings) => kind === "throttle";

export const CLIENT: Field<ClientSettings>[] = [
  {
    name: "kind",
    label: "Client",
    type: "select",
    options: [["none", "No limit"], ["semaphore", "Semaphore"], ["bounded", "Bounded semaphore"], ["throttle", "Throttle"]],
  },
  { name: "permits", label: "Permits", type: "number", min: 1, max: 1000, when: isSemaphore },
  { name: "capacity", label: "Calls per period", type: "number", min: 0.1, max: 100_000, step: "any", when: isThrottle },
  { name: "period", label: "Period, ms", type: "number", min: 10, max: 60_000, when: isThrottle },
  {
    name: "pacing",
    label: "Pacing",
    type: "select",
    options: [["window", "Window: any calls, never too many"], ["smooth", "Smooth: evenly spaced"], ["bucket", "Bucket: burst, then steady"], ["stepped", "Stepped: refilled each period"]],
    when: isThrottle,
  },
  { name: "burst", label: "Burst", type: "number", min: 1, max: 100_000, step: "any", when: (it) => isThrottle(it) && (it.pacing === "bucket" || it.pacing === "stepped") },
  {
    name: "counting",
    label: "A call counts",
    type: "select",
    options: [["answered", "until a period after its answer"], ["admission", "for a period from when it is let in"]],
    when: isThrottle,
  },
  { name: "concurrency", label: "At once (0: any number)", type: "number", min: 0, max: 1000, when: isThrottle },
  { name: "cooldown", label: "A slot rests, ms", type: "number", min: 0, max: 10_000, when: (it) => isThrottle(it) && it.concurrency > 0 },
  { name: "cost", label: "Cost of a call", type: "number", min: 1, max: 1000, when: (it) => it.kind !== "none" },
  { name: "perHost", label: "A limit for each host", type: "switch", when: isThrottle },
  { name: "heed", label: "Heed 429: wait as told, send again", type: "switch", when: isThrottle },
  { name: "rust", label: "Every other call from Rust", type: "switch", when: (it) => isThrottle(it) && !it.perHost },
];

export const SERVER: Field<ServerSettings & { requests: number }>[] = [
  { name: "requests", label: "Requests from each client", type: "number", min: 1, max: 1000 },
  {
    name: "algorithm",
    label: "Counts in",
    type: "select",
    options: [["sliding", "Sliding windows (strict)"], ["fixed", "Fixed windows"], ["bucket", "A token bucket"], ["spacing", "Spacing between requests"], ["none", "No rate limit"]],
  },
  { name: "capacity", label: "Lets in per period", type: "number", min: 1, max: 100_000, when: ({ algorithm }) => algorithm !== "none" },
  { name: "period", label: "Period, ms", type: "number", min: 10, max: 60_000 },
  { name: "concurrency", label: "At once (0: any number)", type: "number", min: 0, max: 1000 },
  { name: "delayMin", label: "Delay on the way, from ms", type: "number", min: 0, max: 5000 },
  { name: "delayMax", label: "Delay on the way, to ms", type: "number", min: 0, max: 5000 },
  { name: "work", label: "Works on each for, ms", type: "number", min: 0, max: 5000 },
  { name: "refuseFor", label: "Refuses everything for, ms", type: "number", min: 0, max: 10_000 },
  { name: "refuseAfter", label: "Beginning after, ms", type: "number", min: 0, max: 10_000, when: ({ refuseFor }) => refuseFor > 0 },
  { name: "hosts", label: "Hosts", type: "select", options: [[1, "One"], [2, "Two, each with this limit"]] },
];

/** A form that shows settings, and tells of each change. */
export class Form<T extends object> {
  readonly #root: HTMLFormElement;
  readonly #fields: { field: Field<T>; row: HTMLElement; input: HTMLInputElement | HTMLSelectElement }[];
  #settings: T;

  constructor(root: HTMLFormElement, id: string, fields: Field<T>[], settings: T, changed: (settings: T) => void) {
    this.#root = root;
    this.#settings = settings;
    this.#fields = fields.map((field) => ({ field, ...makeRow(field, `${id}-${field.name}`) }));
    root.append(...this.#fields.map(({ row }) => row));
    root.addEventListener("submit", (event) => event.preventDefault());
    root.addEventListener("input", () => {
      this.#read();
      this.#showWhatMatters();
      if (root.checkValidity()) changed(this.#settings);
    });
    this.show(settings);
  }

  show(settings: T): void {
    this.#settings = settings;
    for (const { field, input } of this.#fields) {
      const value = settings[field.name as keyof T];
      if (input instanceof HTMLInputElement && input.type === "checkbox") input.checked = Boolean(value);
      else input.value = String(value);
    }
    this.#showWhatMatters();
  }

  /** Whether all is as it may be; else the browser shows what is not. */
  check(): boolean {
    if (this.#root.checkValidity()) return true;
    this.#root.closest("details")?.setAttribute("open", "");
    return this.#root.reportValidity();
  }

  #read(): void {
    for (const { field, input } of this.#fields) {
      const was = this.#settings[field.name as keyof T];
      const value = input instanceof HTMLInputElement && input.type === "checkbox" ? input.checked : typeof was === "number" ? Number(input.value) : input.value;
      (this.#settings as Record<string, unknown>)[field.name] = value;
    }
  }

  #showWhatMatters(): void {
    for (const { field, row, input } of this.#fields) {
      row.hidden = !(field.when?.(this.#settings) ?? true);
      // What is not shown must not be wrong either: nobody could see why.
      input.disabled = row.hidden;
    }
  }
}

function makeRow<T>(field: Field<T>, id: string) {
  const row = document.createElement("div");
  row.className = field.type === "switch" ? "field switch" : "field";
  const label = Object.assign(document.createElement("label"), { htmlFor: id, textContent: field.label });
  let input: HTMLInputElement | HTMLSelectElement;
  if (field.type === "select") {
    input = document.createElement("select");
    input.append(...field.options.map(([value, text]) => new Option(text, String(value))));
  } else if (field.type === "switch") {
    input = Object.assign(document.createElement("input"), { type: "checkbox" });
  } else {
    const { min, max, step = 1 } = field;
    input = Object.assign(document.createElement("input"), { type: "number", inputMode: "decimal", required: true, min: String(min), max: String(max), step: String(step) });
  }
  input.id = id;
  input.name = field.name;
  row.append(...(field.type === "switch" ? [input, label] : [label, input]));
  return { row, input };
}
