// The column of one side: its elements, its settings, its code.

import { CLIENT, Form } from "./form.js";
import { type ClientSettings, describeClient, headingOf, type Settings, type SideName, time } from "./settings.js";
import { Side } from "./side.js";
import { type Language, snippet } from "./snippet.js";

/** How long a button says that it has done what it was to do. */
const SAID = 1500;

export class Panel {
  readonly side: Side;
  readonly #root: HTMLElement;
  readonly #form: Form<ClientSettings>;
  #client: ClientSettings;
  #language: Language = "ts";

  constructor(name: SideName, parent: HTMLElement, settings: Settings, changed: () => void) {
    const template = document.querySelector<HTMLTemplateElement>("template#side")!;
    this.#root = (template.content.cloneNode(true) as DocumentFragment).querySelector<HTMLElement>(".side")!;
    this.#root.dataset["side"] = name;
    parent.append(this.#root);
    const heading = this.#find("h2");
    heading.id = `${name}-heading`;
    this.#root.setAttribute("aria-labelledby", heading.id);
    const form = this.#find<HTMLFormElement>("form");
    form.setAttribute("aria-label", `Client, ${name}`);
    this.#find("pre").setAttribute("aria-label", `Code, ${name}`);
    this.#client = settings[name];
    this.#form = new Form(form, name, CLIENT, this.#client, () => (this.#describe(), changed()));
    const value = (of: string) => this.#find(`[data-value="${of}"]`);
    this.side = new Side(name, {
      ok: value("200"),
      refused: value("refused"),
      refusedAs: this.#find(".refused-as"),
      share: value("share"),
      worst: value("worst"),
      rest: this.#find(".rest"),
      canvas: this.#find<HTMLCanvasElement>("canvas"),
      chart: this.#find(".chart"),
    });
    for (const button of this.#root.querySelectorAll<HTMLButtonElement>("[data-language]")) {
      button.addEventListener("click", () => this.#choose(button.dataset["language"] as Language));
    }
    this.#find(".copy").addEventListener("click", () => void this.#copy());
    this.show(settings);
    this.tell("Nothing sent yet.");
  }

  get heading(): string {
    return headingOf(this.#client);
  }

  show(settings: Settings): void {
    this.#client = settings[this.side.name];
    this.#form.show(this.#client);
    const { algorithm, capacity, period, hosts } = settings.server;
    this.#find(".window").textContent = `At the ${hosts === 2 ? "first host" : "server"}, in any ${time(period)}`;
    const limited = algorithm !== "none";
    for (const part of this.#root.querySelectorAll<HTMLElement>(".limited")) part.hidden = !limited;
    this.#find(".limited b").textContent = String(capacity);
    this.#describe();
  }

  check(): boolean {
    return this.#form.check();
  }

  /** For those who do not see the pictures. */
  tell(outcome: string): void {
    this.#find("canvas").setAttribute("aria-label", `Timeline of all requests. ${outcome}`);
    this.#find(".chart").setAttribute("aria-label", `Chart of requests at the server in each window. ${outcome}`);
  }

  #describe(): void {
    this.#find("h2").textContent = this.heading;
    this.#find(".what").textContent = describeClient(this.#client);
    for (const part of this.#root.querySelectorAll<HTMLElement>(".by-rust")) part.hidden = !(this.#client.rust && this.#client.kind === "throttle" && !this.#client.perHost);
    this.#find("code").textContent = snippet(this.#client, this.#language);
  }

  #choose(language: Language): void {
    this.#language = language;
    for (const button of this.#root.querySelectorAll<HTMLElement>("[data-language]")) {
      button.setAttribute("aria-pressed", String(button.dataset["language"] === language));
    }
    this.#find("code").textContent = snippet(this.#client, language);
  }

  async #copy(): Promise<void> {
    const button = this.#find(".copy");
    try {
      await navigator.clipboard.writeText(snippet(this.#client, this.#language));
      button.textContent = "Copied";
    } catch {
      // Not every page may: then it is marked, for the keyboard to copy.
      getSelection()?.selectAllChildren(this.#find("code"));
      button.textContent = "Ctrl+C";
    }
    setTimeout(() => (button.textContent = "Copy"), SAID);
  }

  #find<E extends HTMLElement = HTMLElement>(selector: string): E {
    return this.#root.querySelector<E>(selector)!;
  }
}
