/** What the visitor sets: the server, which is of the same kind on both sides, and a client for each. */
export interface Settings {
  requests: number;
  server: ServerSettings;
  left: ClientSettings;
  right: ClientSettings;
}

/** All times are milliseconds. */
export interface ServerSettings {
  algorithm: "sliding" | "fixed" | "bucket" | "spacing" | "none";
  capacity: number;
  period: number;
  /** 0: any number. */
  concurrency: number;
  /** On the way to the server, drawn anew for each request. */
  delayMin: number;
  delayMax: number;
  /** How long a request that was let in is inside. */
  work: number;
  /** How long it refuses everything, and from when on; 0: it never does. */
  refuseFor: number;
  refuseAfter: number;
  /** Of two, each has limits of its own, and gets every other request. */
  hosts: 1 | 2;
}

export interface ClientSettings {
  kind: "none" | "semaphore" | "bounded" | "throttle";
  /** Of a semaphore. */
  permits: number;
  capacity: number;
  period: number;
  pacing: "window" | "bucket" | "stepped" | "smooth";
  /** Of the pacings `bucket` and `stepped`. */
  burst: number;
  counting: "admission" | "answered";
  /** 0: any number. */
  concurrency: number;
  cooldown: number;
  cost: number;
  perHost: boolean;
  /** Whether a refusal makes everybody wait as long as the server says, and is sent again. */
  heed: boolean;
  /** Whether every other call is made by Rust. */
  rust: boolean;
}

export type SideName = "left" | "right";
export const SIDES: readonly SideName[] = ["left", "right"];

const server: ServerSettings = {
  algorithm: "sliding",
  capacity: 100,
  period: 1000,
  concurrency: 0,
  delayMin: 2,
  delayMax: 30,
  work: 0,
  refuseFor: 0,
  refuseAfter: 800,
  hosts: 1,
};

const client: ClientSettings = {
  kind: "throttle",
  permits: 5,
  capacity: 100,
  period: 1000,
  pacing: "window",
  burst: 100,
  counting: "answered",
  concurrency: 0,
  cooldown: 0,
  cost: 1,
  perHost: false,
  heed: false,
  rust: false,
};

const none: ClientSettings = { ...client, kind: "none" };

/** Settings that show something, by the name on their button. */
export const PRESETS: readonly { id: string; name: string; about: string; settings: Settings }[] = [
  {
    id: "rate",
    name: "100 per second",
    about: "A strict server, and a client that sends all it has at once beside one that keeps to the limit.",
    settings: { requests: 300, server, left: none, right: client },
  },
  {
    id: "bursty",
    name: "Bursty network",
    about: "Both keep to 100 per second, but the network delays calls unevenly: only counting until answered keeps the server from seeing too many.",
    settings: {
      requests: 300,
      server: { ...server, delayMin: 5, delayMax: 250 },
      left: { ...client, counting: "admission" },
      right: client,
    },
  },
  {
    id: "wait",
    name: "Server says wait",
    about: "The server refuses everything for a while. One client goes on regardless; the other waits as told, and sends again what was refused.",
    settings: {
      requests: 300,
      server: { ...server, refuseFor: 1500 },
      left: { ...client, concurrency: 4 },
      right: { ...client, concurrency: 4, heed: true },
    },
  },
  {
    id: "few",
    name: "Few at once",
    about: "The server has room for five at once. A semaphore of five is all it takes.",
    settings: {
      requests: 200,
      server: { ...server, algorithm: "none", concurrency: 5, work: 20 },
      left: none,
      right: { ...client, kind: "semaphore", permits: 5 },
    },
  },
  {
    id: "hosts",
    name: "Two hosts",
    about: "Two hosts, 100 per second each. A throttle for both wastes half of that; one for each host does not.",
    settings: { requests: 400, server: { ...server, hosts: 2 }, left: client, right: { ...client, perHost: true } },
  },
  {
    id: "rust",
    name: "Rust and JavaScript",
    about: "On the right every other call is made by Rust code in this page. Both languages wait in one queue, and keep one limit.",
    settings: { requests: 300, server, left: none, right: { ...client, rust: true } },
  },
];

/** Settings that are nobody else's. */
export function copy(settings: Settings): Settings {
  const { server, left, right, requests } = settings;
  return { requests, server: { ...server }, left: { ...left }, right: { ...right } };
}

/** A number of milliseconds as people say it. */
export function time(ms: number): string {
  return ms >= 1000 && ms % 100 === 0 ? `${ms / 1000} s` : `${ms} ms`;
}

function rate(capacity: number, period: number): string {
  return `${capacity} ${period === 1000 ? "per second" : `per ${time(period)}`}`;
}

/** A server in a line. */
export function describeServer(server: ServerSettings, requests: number): string {
  const parts = [`${requests} requests`];
  if (server.algorithm === "none") parts.push("no rate limit");
  else parts.push(rate(server.capacity, server.period), { sliding: "sliding window", fixed: "fixed windows", bucket: "token bucket", spacing: "evenly spaced" }[server.algorithm]);
  if (server.concurrency > 0) parts.push(`${server.concurrency} at once`);
  if (server.delayMax > 0) parts.push(`${server.delayMin}–${server.delayMax} ms on the way`);
  if (server.work > 0) parts.push(`${server.work} ms of work`);
  if (server.refuseFor > 0) parts.push(`refuses all for ${time(server.refuseFor)}`);
  if (server.hosts === 2) parts.push("two hosts");
  return parts.join(", ");
}

/** What a side is, as a heading. */
export function headingOf(client: ClientSettings): string {
  return { none: "Without a throttle", semaphore: "With a semaphore", bounded: "With a bounded semaphore", throttle: "With tollgate" }[client.kind];
}

/** A client in a line. */
export function describeClient(client: ClientSettings): string {
  if (client.kind === "none") return "Sends everything at once";
  if (client.kind !== "throttle") return `${client.permits} at once${client.cost === 1 ? "" : `, ${client.cost} permits a call`}`;
  const parts = [rate(client.capacity, client.period), client.pacing, client.counting === "answered" ? "until answered" : "from admission"];
  if (client.concurrency > 0) parts.push(`${client.concurrency} at once`);
  if (client.cost !== 1) parts.push(`cost ${client.cost}`);
  if (client.perHost) parts.push("per host");
  if (client.heed) parts.push("heeds 429");
  if (client.rust) parts.push("half of the calls from Rust");
  return parts.join(", ");
}
