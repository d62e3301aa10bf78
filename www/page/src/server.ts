import type { ServerSettings, SideName } from "./settings.js";

/** What `GET /stats` tells. */
export interface Stats {
  statuses: Record<string, number>;
  arrivals: number;
  accepted: number;
  worst_window: number;
  elapsed_ms: number;
  quota_used: number | null;
}

/** What a page may count on within this time, on loopback. */
const PATIENCE = 5000;
/** Ports for each side, as the server has them. */
const PORTS = 4;

/** Whoever presses Start an hour later may have ended the demo. */
export class ServerGone extends Error {
  constructor(cause: unknown) {
    super("The server does not answer. Is `cargo xtask demo` still running? Start it again, and reload this page.", { cause });
  }
}

async function ask(path: string, init?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
  } catch (error) {
    throw new ServerGone(error);
  }
  if (!response.ok) {
    const said = (await response.json().catch(() => ({}))) as { error?: string };
    throw new Error(`The server says: ${said.error ?? `${response.status} ${response.statusText}`}`);
  }
  return response;
}

/** The servers of one side: one, or one for each host. */
export class SideServer {
  readonly #lines: string[];
  #paths: string[];
  #hosts = 1;

  private constructor(readonly side: SideName, lines: string[]) {
    this.#lines = lines;
    this.#paths = [side];
  }

  /** Finds out on which ports the servers of a side are reached. */
  static async find(side: SideName): Promise<SideServer> {
    const all = (await (await ask("lines")).json()) as string[];
    const own = all.slice(side === "left" ? 0 : PORTS, side === "left" ? PORTS : 2 * PORTS);
    // Through a tunnel only the page's own port may be there. It does as well, with fewer connections.
    const answers = await Promise.all(own.map((line) => fetch(`${line}/health`, { signal: AbortSignal.timeout(PATIENCE) }).then((it) => it.ok, () => false)));
    return new SideServer(side, answers.every(Boolean) ? own : own.map(() => location.origin));
  }

  /** Puts limits in force, and forgets all that was; when the time of the first host began, by `performance.now`. */
  async prepare(settings: ServerSettings): Promise<number> {
    this.#hosts = settings.hosts;
    this.#paths = settings.hosts === 2 ? [this.side, `${this.side}-2`] : [this.side];
    const { algorithm, capacity, period, concurrency, delayMin, delayMax, work } = settings;
    const limits = { algorithm, capacity, period_ms: period, concurrency, before_ms: [delayMin, delayMax], after_ms: [work, work] };
    let began: number | undefined;
    for (const path of this.#paths) {
      await ask(`${path}/limits`, { method: "PUT", body: JSON.stringify(limits) });
      const asked = performance.now();
      await ask(`${path}/reset`, { method: "POST" });
      // The log is that of the first host.
      began ??= (asked + performance.now()) / 2;
    }
    return began!;
  }

  /** Where a call goes. With one line for each host, hosts are told apart by their URLs, as real ones are. */
  url(index: number, oneLine: boolean): string {
    const host = index % this.#hosts;
    const line = oneLine || this.#hosts > 1 ? host : index % this.#lines.length;
    return `${this.#lines[line]}/${this.#paths[host]}/api/${index}`;
  }

  async refuse(ms: number): Promise<void> {
    await Promise.all(this.#paths.map((path) => ask(`${path}/refuse?ms=${ms}`, { method: "POST" })));
  }

  /** What the servers have seen: counts added up, the worst window of the worse, the share of the quota of both. */
  async stats(): Promise<Stats> {
    const all = await Promise.all(this.#paths.map(async (path) => (await (await ask(`${path}/stats`)).json()) as Stats));
    const sum = (of: (stats: Stats) => number) => all.reduce((total, stats) => total + of(stats), 0);
    const statuses: Record<string, number> = {};
    for (const stats of all) for (const [status, count] of Object.entries(stats.statuses)) statuses[status] = (statuses[status] ?? 0) + count;
    const shares = all.map(({ quota_used }) => quota_used).filter((share) => share !== null);
    return {
      statuses,
      arrivals: sum(({ arrivals }) => arrivals),
      accepted: sum(({ accepted }) => accepted),
      worst_window: Math.max(...all.map(({ worst_window }) => worst_window)),
      elapsed_ms: Math.max(...all.map(({ elapsed_ms }) => elapsed_ms)),
      quota_used: shares.length > 0 ? shares.reduce((total, share) => total + share, 0) / shares.length : null,
    };
  }

  /** What has arrived at the first host, after the arrival of that number. */
  async log(since: number): Promise<{ number: number; at_ms: number; status: number }[]> {
    return (await ask(`${this.#paths[0]}/log?since=${since}`)).json();
  }
}
