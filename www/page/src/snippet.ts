// The code that makes a client as it is set.

import type { ClientSettings } from "./settings.js";

export type Language = "ts" | "rust";

export function snippet(client: ClientSettings, language: Language): string {
  return (language === "ts" ? typescript(client) : rust(client)).trim() + "\n";
}

function typescript(client: ClientSettings): string {
  const all = (call: string) => `const responses = await Promise.all(\n  urls.map((url) => ${call}),\n);`;
  const cost = client.cost === 1 ? "" : `, { cost: ${client.cost} }`;
  if (client.kind === "none") return `// Nothing to import, and nobody to say "wait".\n${all("fetch(url)")}`;
  if (client.kind !== "throttle") {
    const name = client.kind === "bounded" ? "BoundedSemaphore" : "Semaphore";
    return `import { ${name} } from "tollgate";

const gate = new ${name}(${client.permits}); // so many at once

${all(`gate.run(() => fetch(url)${cost})`)}`;
  }
  if (client.rust) return adopted(client, all, cost);
  const limits = options(client);
  if (client.heed) {
    const of = client.perHost ? `perHost: ${limits}` : "throttle";
    const throttle = client.perHost ? "" : `const throttle = new Throttle(${limits});\n`;
    return `import { createFetch${client.perHost ? "" : ", Throttle"} } from "tollgate";

${throttle}const fetch = createFetch({ ${of}${client.cost === 1 ? "" : `, cost: () => ${client.cost}`} });

${all("fetch(url)")}`;
  }
  if (client.perHost) {
    return `import { Keyed, Throttle } from "tollgate";

const hosts = new Keyed((host: string) => new Throttle(${limits}));

${all(`hosts.run(new URL(url).host, () => fetch(url)${cost})`)}`;
  }
  return `import { Throttle } from "tollgate";

const gate = new Throttle(${limits});

${all(`gate.run(() => fetch(url)${cost})`)}`;
}

function adopted(client: ClientSettings, all: (call: string) => string, cost: string): string {
  const heeding = client.heed ? `\nconst fetch = createFetch({ throttle: gate${client.cost === 1 ? "" : `, cost: () => ${client.cost}`} });` : "";
  return `import { adopt${client.heed ? ", createFetch" : ""} } from "tollgate/slim";
import init, * as app from "./pkg/app.js"; // your app in Rust

await init();
const gate = adopt(app, app.throttle()); // its throttle, shared with this script${heeding}

${all(client.heed ? "fetch(url)" : `gate.run(() => fetch(url)${cost})`)}`;
}

function options(client: ClientSettings): string {
  const parts = [`capacity: ${client.capacity}`];
  if (client.period !== 1000) parts.push(`period: ${client.period}`);
  if (client.pacing !== "window") parts.push(`pacing: "${client.pacing}"`);
  if (hasBurst(client)) parts.push(`burst: ${client.burst}`);
  if (client.counting === "answered") parts.push(`counting: "answered"`);
  if (client.concurrency > 0) parts.push(`concurrency: ${client.concurrency}`);
  if (client.concurrency > 0 && client.cooldown > 0) parts.push(`cooldown: ${client.cooldown}`);
  const line = `{ ${parts.join(", ")} }`;
  return line.length <= 40 ? line : `{\n${parts.map((part) => `  ${part},\n`).join("")}}`;
}

function rust(client: ClientSettings): string {
  if (client.kind === "none") {
    return `let calls = urls.iter().map(|url| client.get(url).send());
let responses = futures::future::join_all(calls).await;`;
  }
  if (client.kind !== "throttle") {
    const name = client.kind === "bounded" ? "BoundedSemaphore" : "Semaphore";
    const acquire = client.cost === 1 ? "acquire()" : `acquire_many(${client.cost})`;
    return `use tollgate::${name};

let gate = ${name}::new(${client.permits}); // so many at once

let permit = gate.${acquire}.await?;
let response = client.get(url).send().await?;
drop(permit); // when the body has been read`;
  }
  const limits = builder(client);
  if (client.rust) {
    return `use std::cell::RefCell;
${importing("Rate, Throttle", client)}
use wasm_bindgen::prelude::*;

thread_local! {
    static THROTTLE: RefCell<Option<Throttle>> = const { RefCell::new(None) };
}

/// What the page's script adopts.
#[wasm_bindgen]
pub fn throttle() -> u32 {
    let throttle = Throttle::builder()${limits}.build().unwrap();
    let number = tollgate::share(&throttle);
    THROTTLE.set(Some(throttle));
    number
}`;
  }
  if (client.perHost && client.heed) {
    return `use reqwest_middleware::ClientBuilder;
${importing("Keyed, Rate, Settings, reqwest::ThrottleMiddleware", client)}

let hosts = Keyed::builder().per_key(Settings::new()${limits}).build()?;
let throttled = ThrottleMiddleware::per_host(hosts)${costly(client)}; // waits as told by a 429
let client = ClientBuilder::new(reqwest::Client::new()).with(throttled).build();

let response = client.get(url).send().await?;`;
  }
  if (client.perHost) {
    return `${importing("Keyed, Rate, Settings", client)}

let hosts = Keyed::builder().per_key(Settings::new()${limits}).build()?;

let permit = hosts.${client.cost === 1 ? "acquire(host)" : `acquire_cost(host, ${float(client.cost)})`}.await?;
let response = client.get(url).send().await?;
drop(permit); // when the body has been read`;
  }
  if (client.heed) {
    const plain = client.cost === 1;
    const made = plain
      ? `let client = tollgate::reqwest::client(throttle); // waits as told by a 429`
      : `let throttled = ThrottleMiddleware::new(throttle)${costly(client)}; // waits as told by a 429
let client = ClientBuilder::new(reqwest::Client::new()).with(throttled).build();`;
    return `${plain ? "" : "use reqwest_middleware::ClientBuilder;\n"}${importing(`Rate, Throttle${plain ? "" : ", reqwest::ThrottleMiddleware"}`, client)}

let throttle = Throttle::builder()${limits}.build()?;
${made}

let response = client.get(url).send().await?;`;
  }
  const call =
    client.cost === 1
      ? `let response = throttle.run(client.get(url).send()).await??;`
      : `let permit = throttle.acquire_cost(${float(client.cost)}).await?;
let response = client.get(url).send().await?;
drop(permit); // when the body has been read`;
  return `${importing("Rate, Throttle", client)}

let throttle = Throttle::builder()${limits}.build()?;

${call}`;
}

/** The imports of what is used; a time makes one more. */
function importing(names: string, client: ClientSettings): string {
  const timed = client.period !== 1000 || (client.concurrency > 0 && client.cooldown > 0);
  const used = names.includes(",") ? `use tollgate::{${names}};` : `use tollgate::${names};`;
  return timed ? `use std::time::Duration;\n${used}` : used;
}

function builder(client: ClientSettings): string {
  const { capacity, period, pacing, burst } = client;
  const rate = period === 1000 ? `Rate::per_second(${float(capacity)})` : `Rate::new(${float(capacity)}, Duration::from_millis(${period}))`;
  const paced = { window: "", smooth: ".smooth()", bucket: `.bucket(${float(burst)})`, stepped: `.stepped(${float(burst)})` }[pacing];
  const parts = [`.rate(${rate}${paced}${client.counting === "answered" ? ".until_answered()" : ""})`];
  if (client.concurrency > 0) parts.push(`.concurrency(${client.concurrency})`);
  if (client.concurrency > 0 && client.cooldown > 0) parts.push(`.cooldown(Duration::from_millis(${client.cooldown}))`);
  return parts.map((part) => `\n    ${part}`).join("") + "\n    ";
}

function costly({ cost }: ClientSettings): string {
  return cost === 1 ? "" : `.cost(|_| ${float(cost)})`;
}

function hasBurst({ pacing }: ClientSettings): boolean {
  return pacing === "bucket" || pacing === "stepped";
}

/** As Rust writes it. */
function float(number: number): string {
  return Number.isInteger(number) ? `${number}.0` : String(number);
}
