// What a script is about, made of the package's classes.
//
// All have `acquire(ask)` and `run(fn, ask)`, where `ask` is `{ cost, host, via, timeout, signal }`; `locked`, `probe`
// and `obey` for steps; and say by `keepsTime` whether a `timeout` is theirs to keep.

import { ClientGate } from './client.mjs';
import { PoolGate } from './pool.mjs';
import { Unsupported } from './refusals.mjs';
import { SemaphoreGate } from './semaphore.mjs';
import { StackGate } from './stack.mjs';
import { ThrottleGate } from './throttle.mjs';

/** Builds a subject; throws what the package throws. */
export function build(tollgate, subject, times) {
  switch (subject.kind) {
    case 'semaphore':
    case 'bounded_semaphore':
      return new SemaphoreGate(tollgate, subject);
    case 'throttle':
      return new ThrottleGate(tollgate, subject, times);
    case 'pool':
      return new PoolGate(tollgate, subject);
    case 'queue_workers':
      return new ThrottleGate(tollgate, ofWorkers(subject), times);
    case 'stack':
      return new StackGate(subject.layers.map((layer) => layerOf(tollgate, layer, times)));
    case 'rate_limited_client':
      return new ClientGate(tollgate, subject, times);
    default:
      throw new Unsupported(`be built: ${subject.kind}`);
  }
}

function layerOf(tollgate, subject, times) {
  return { gate: build(tollgate, subject, times), weighs: ['throttle', 'stack'].includes(subject.kind) };
}

function ofWorkers({ max_rate, time_period, pacing, burst, concurrency }) {
  return { rates: [{ capacity: max_rate, period: time_period, pacing, burst }], concurrency };
}
