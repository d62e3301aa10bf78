/** One real request on its way; times are milliseconds since the start. */
export interface Mark {
  readonly index: number;
  readonly byRust: boolean;
  /** When it came to wait. */
  readonly queued: number;
  /** When it was let in and sent. */
  sent?: number;
  /** When it was answered, failed or was given up. */
  done?: number;
  /** 0 if there was no answer. */
  status?: number;
}

/** What the client has seen of all its requests: each is a mark, and so is one that is sent again. */
export class Track {
  readonly marks: Mark[] = [];
  readonly counts = new Map<number, number>();
  readonly #start: number;
  /** Those that are not done, by the number of their call. */
  readonly #open = new Map<number, Mark>();
  #end: number | undefined;

  constructor(start: number) {
    this.#start = start;
  }

  /** Milliseconds since the start, or what they were at the end. */
  get now(): number {
    return this.#end ?? performance.now() - this.#start;
  }

  get waiting(): number {
    let count = 0;
    for (const mark of this.#open.values()) if (mark.sent === undefined) count++;
    return count;
  }

  /** How long the one has been in flight that has been so for the longest. */
  get longest(): number {
    let longest = 0;
    for (const { sent } of this.#open.values()) if (sent !== undefined) longest = Math.max(longest, this.now - sent);
    return longest;
  }

  get inFlight(): number {
    return this.#open.size - this.waiting;
  }

  /** How many were answered with a status; 0: not answered. */
  of(status: number): number {
    return this.counts.get(status) ?? 0;
  }

  queue(index: number, byRust: boolean): void {
    const mark: Mark = { index, byRust, queued: this.now };
    this.marks.push(mark);
    this.#open.set(index, mark);
  }

  send(index: number): void {
    const mark = this.#open.get(index);
    if (mark) mark.sent = this.now;
  }

  /** A call that never was sent, as it was given up, is done but not counted. */
  answer(index: number, status: number): void {
    const mark = this.#open.get(index);
    if (!mark) return;
    this.#open.delete(index);
    mark.done = this.now;
    if (mark.sent === undefined) return;
    mark.status = status;
    this.counts.set(status, this.of(status) + 1);
  }

  /** Nothing more will come. */
  end(): void {
    this.#end = this.now;
    for (const mark of this.#open.values()) mark.done = this.#end;
    this.#open.clear();
  }
}
