import { parentPort } from 'node:worker_threads';
import { makeLoopsEndable } from '../v8-flags.ts';
import { EncodedChannel } from '../wire/codec.ts';
import type { FirstMessage } from '../wire/messages.ts';
import { PortChannel } from '../wire/port-channel.ts';
import { Vitals } from '../wire/vitals.ts';
import { HeapSnapshots } from './heap-snapshots.ts';
import { Heartbeat } from './heartbeat.ts';
import { leaveByHost } from './leave.ts';
import { withOutbox } from './outbox.ts';
import { rehearse } from './rehearsal.ts';
import { type ImportModule, Runtime } from './runtime.ts';
import { mapStackTraces } from './stack-trace.ts';

/** @param importModule the `import()` of this thread: code that was compiled elsewhere has none that works */
export function start(importModule: ImportModule): void {
  mapStackTraces(import.meta.url);
  parentPort?.once('message', ({ port, vitals, alone, isStandby }: FirstMessage) => {
    // Whatever the plugin says, it says through the private port.
    parentPort?.close();
    const heapSnapshots = new HeapSnapshots();
    const channel = new PortChannel<never>(port);
    const wire = alone === undefined ? channel : new EncodedChannel(withOutbox(alone.outbox, channel));
    const runtime = new Runtime(wire, importModule, heapSnapshots);
    const heartbeat = new Heartbeat(new Vitals(vitals), heapSnapshots, (signs) => runtime.tellLowHeap(signs));
    channel.onPing(() => {
      heartbeat.beat();
      runtime.tellLoaded();
    });
    runtime.takeOver();
    leaveByHost({
      lastWords: () => runtime.lastWords(),
      leave: (exitCode) => channel.leave(exitCode),
      die: (error) => runtime.die(error),
    });
    // Not before: with other flags Node's own code, of which a thread loads much when it starts, has to be compiled anew.
    if (alone?.setV8Flags) makeLoopsEndable();
    // One that fails costs nothing but the time it would have saved.
    if (isStandby) rehearse(importModule).catch(() => {});
  });
}
