// Plays a script: builds its subject, takes its steps, lets the clock run out.

import { Clock } from './clock.mjs';
import { use } from './globals.mjs';
import { NotApplicable, outcomeOf } from './refusals.mjs';
import { Scene } from './scene.mjs';
import { build } from './subject.mjs';
import { number, Times } from './times.mjs';
import { Visitor } from './visitor.mjs';
import { Crew } from './workers.mjs';

/** The reply to a request. What is thrown is what broke. */
export async function play(tollgate, script, stretch) {
  try {
    return { record: await record(tollgate, script, new Times(stretch)) };
  } catch (error) {
    if (error instanceof NotApplicable) return { not_applicable: error.message };
    throw error;
  }
}

async function record(tollgate, script, times) {
  const clock = new Clock(start(script, times));
  use(clock);
  let gate;
  try {
    gate = build(tollgate, script.subject, times);
  } catch (error) {
    const [, kind] = outcomeOf(error, tollgate).split(':');
    return { construct: { kind, message: error.message } };
  }
  const scene = new Scene(tollgate, clock, times, gate);
  const crew = script.items && new Crew(scene, script.subject, script.items);
  crew?.start(scene.tasks);
  await run(scene, script);
  const pending = crew ? [] : [...scene.tasks.values()].filter((task) => task.waits).map((task) => task.visit);
  const workers = crew?.record;
  const { events, probes } = scene;
  const seen = { events: [...events], probes, pending, ...(workers && { workers }), granularity: times.granularity };
  await scene.end();
  return seen;
}

/**
 * What the clock shows at the beginning: it never shows less than 0, so jumps back need room.
 *
 * `clock_start` is not stretched: all that matters about it is that it is large.
 */
function start({ clock_start = 0, steps }, times) {
  const back = steps.filter((step) => step.do === 'jump' && number(step.by) < 0);
  return back.reduce((room, { by }) => room - times.span(by), number(clock_start) * 1e3);
}

async function run(scene, { steps, until, server }) {
  const { clock, times } = scene;
  const settle = async () => {
    await clock.settle();
    scene.check();
  };
  for (const step of steps) {
    const at = times.span(step.at);
    if (clock.elapsed < at) {
      await clock.advance(at);
      scene.check();
    }
    take(scene, step, server);
    if (!step.nosettle) await settle();
  }
  await settle();
  // It stops short of `until`.
  const end = times.span(until) ?? Infinity;
  for (let next; (next = clock.nextAlarm) < end; ) {
    await clock.advance(next);
    scene.check();
  }
}

function take(scene, step, server) {
  switch (step.do) {
    case 'acquire':
      return visit(scene, step.who, step);
    case 'acquire_many':
      for (let index = 0; index < step.n; index++) visit(scene, `${step.prefix}${index}`, step);
      return;
    case 'get':
      return get(scene, step.url, server);
    case 'cancel':
      return step.who.forEach((name) => cancel(scene, name));
    case 'probe': {
      const { what, arg } = step;
      return scene.probes.push({ at: scene.seconds, what, ...(arg !== undefined && { arg }), answer: scene.gate.probe(step) });
    }
    case 'jump':
      return scene.clock.jump(scene.times.span(step.by));
    case 'kick':
      return scene.clock.kick();
    case 'release':
      for (let n = 0; n < step.n; n++) obey(scene, step);
      return;
    default:
      return obey(scene, step);
  }
}

function visit(scene, name, ask) {
  if (scene.tasks.has(name)) throw new Error(`two tasks are named ${name}`);
  const visitor = new Visitor(scene, name, ask);
  scene.tasks.set(name, visitor);
  visitor.start();
}

function get(scene, url, server) {
  if (scene.tasks.has(url)) throw new Error(`two tasks are named ${url}`);
  const task = scene.gate.get(scene, url, server);
  scene.tasks.set(url, task);
  task.start();
}

function cancel(scene, name) {
  const task = scene.tasks.get(name);
  if (task === undefined) throw new Error(`cancel: no task is named ${name}`);
  if (task.end()) scene.tell(task.visit, 'cancelled');
}

function obey(scene, step) {
  try {
    scene.gate.obey(step);
  } catch (error) {
    scene.tell('-', outcomeOf(error, scene.tollgate));
  }
}
