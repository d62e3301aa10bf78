// The player's side of the protocol throttle-player/1 (../README.md): a request per line in, a reply per line out.

import { createInterface } from 'node:readline';

const PROTOCOL = 'throttle-player/1';

/**
 * Plays whatever the runner asks for, until there is no more.
 *
 * @param play Takes the text of a request and answers the text of a reply, or promises to. What it throws is what
 *   broke.
 */
export async function serve(play) {
  const say = (line) => process.stdout.write(`${line}\n`);
  // What is printed by others must not get between the replies.
  console.log = console.info = console.debug = console.error;
  say(JSON.stringify({ ready: PROTOCOL }));
  for await (const request of createInterface({ input: process.stdin })) {
    let reply;
    try {
      reply = await play(request);
    } catch (error) {
      reply = JSON.stringify({ broken: error instanceof Error ? error.message : String(error) });
    }
    say(reply);
  }
}
