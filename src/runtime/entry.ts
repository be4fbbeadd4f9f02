import { parentPort } from 'node:worker_threads';
import type { FirstMessage } from '../wire/messages.ts';
import { PortChannel } from '../wire/port-channel.ts';
import { rehearse } from './rehearsal.ts';
import { Runtime } from './runtime.ts';
import { mapStackTraces } from './stack-trace.ts';

/** A few beats for each of the watchdog's shortest times; cheap enough for hundreds of idle plugins. */
const BEAT_MS = 300;

mapStackTraces(import.meta.url);
parentPort?.once('message', ({ port, heartbeat, isStandby }: FirstMessage) => {
  // Whatever the plugin says, it says through the private port.
  parentPort?.close();
  setInterval(() => Atomics.add(heartbeat, 0, 1), BEAT_MS).unref();
  new Runtime(new PortChannel(port)).takeOver();
  // One that fails costs nothing but the time it would have saved.
  if (isStandby) rehearse().catch(() => {});
});
