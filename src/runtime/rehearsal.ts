import { MessageChannel } from 'node:worker_threads';
import { Link } from '../wire/link.ts';
import type { LoadMessage, SetupMessage, WorkMessage } from '../wire/messages.ts';
import { PortChannel } from '../wire/port-channel.ts';
import { HeapSnapshots } from './heap-snapshots.ts';
import { type ImportModule, Runtime } from './runtime.ts';

const PLUGIN = new URL('./rehearsal-plugin.mjs', import.meta.url);
const LOAD: LoadMessage = {
  generation: 0,
  url: PLUGIN.href,
  env: {},
  bot: [],
  denied: [],
  stateBytes: 1,
  budgets: {
    logBytesPerSecond: 1,
    emitsPerSecond: 1,
    emitBytesPerSecond: 1,
    pendingCalls: 1,
    pendingCallBytes: 1,
  },
};
const SETUP: SetupMessage = { invocation: 1, entries: [] };
const WORK: WorkMessage[] = [
  { kind: 'calls', target: { kind: 'method', name: 'call' }, invocations: [2], args: [[]], signals: [] },
  {
    kind: 'events',
    topic: 'rehearsal',
    source: '',
    redelivered: false,
    invocations: [3],
    payloads: [1],
  },
];

/**
 * Goes through the life of a small plugin, in a runtime of its own: most of what a first load, setup and call take is
 * compiling the functions they go through, and a standby has the time for that.
 */
export async function rehearse(importModule: ImportModule): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const ignore = () => {};
  const host = new Link({
    channel: new PortChannel(port1),
    methods: {},
    notes: { register: ignore, done: ignore },
    onViolation: ignore,
  });
  new Runtime(new PortChannel(port2), importModule, new HeapSnapshots());
  await host.request('load', LOAD);
  await host.request('checkConfig', { config: undefined });
  await host.request('setup', SETUP);
  await host.exchange('deliver', WORK);
  await host.request('teardown', { invocation: 4 });
  host.end(() => new Error('The rehearsal is over'));
}
