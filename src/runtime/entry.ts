import { type MessagePort, parentPort } from 'node:worker_threads';
import { PortChannel } from '../wire/port-channel.ts';
import { Runtime } from './runtime.ts';
import { mapStackTraces } from './stack-trace.ts';

mapStackTraces(import.meta.url);
parentPort?.once('message', ({ port }: { port: MessagePort }) => {
  // Whatever the plugin says, it says through the private port.
  parentPort?.close();
  new Runtime(new PortChannel(port));
});
