/** What a {@link TollgateError} says to programs. */
export type ErrorCode = "closed" | "timeout" | "queue_full" | "over_release" | "cost" | "cleared" | "failed" | "busy";

/** What went wrong at a gate. `code` tells it to programs, `message` to people. */
export class TollgateError extends Error {
  static {
    this.prototype.name = "TollgateError";
  }

  /** Which of all errors it is. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The gate was closed, before or while waiting. */
export class ClosedError extends TollgateError {
  static {
    this.prototype.name = "ClosedError";
  }

  constructor(message = "the gate is closed") {
    super("closed", message);
  }
}

/** The time that the caller was ready to wait is over. */
export class TimeoutError extends TollgateError {
  static {
    this.prototype.name = "TimeoutError";
  }

  constructor(message = "not let in in time") {
    super("timeout", message);
  }
}

/** As many wait as may: `maxWaiting`. */
export class QueueFullError extends TollgateError {
  static {
    this.prototype.name = "QueueFullError";
  }

  constructor(message = "the queue is full") {
    super("queue_full", message);
  }
}

/** More permits were given back than had been taken. Nothing was given back. */
export class OverReleaseError extends TollgateError {
  static {
    this.prototype.name = "OverReleaseError";
  }

  constructor(message = "more permits were released than were taken") {
    super("over_release", message);
  }
}

/** The cost can never be admitted. */
export class CostError extends TollgateError {
  static {
    this.prototype.name = "CostError";
  }

  constructor(message = "the cost can never be admitted") {
    super("cost", message);
  }
}
