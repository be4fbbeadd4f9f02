import { expect, it } from 'vitest';
import { ISOLATION, loadedBench, pluginSource, until } from '../support/workspace.ts';

/** Gets hold of the private port, as a plugin could that replaces a built-in, to send what it likes. */
const STEAL_PORT = `
  const { MessagePort } = await import('node:worker_threads');
  const original = MessagePort.prototype.postMessage;
  const port = await new Promise((resolve) => {
    MessagePort.prototype.postMessage = function (...args) { resolve(this); return original.apply(this, args); };
    ctx.log.info('hello');
  });
  MessagePort.prototype.postMessage = original;
  const send = (message) => port.postMessage(message);`;

/** The same in a process, where everybody can write to every descriptor. */
const USE_DESCRIPTOR = `
  const [{ writeSync }, { Serializer }] = await Promise.all([import('node:fs'), import('node:v8')]);
  const send = (message) => {
    const serializer = new Serializer();
    serializer.writeHeader();
    serializer.writeValue(message);
    const bytes = serializer.releaseBuffer();
    const packet = Buffer.concat([Buffer.alloc(5), bytes]);
    packet.writeUInt32LE(bytes.length);
    for (let at = 0; at < packet.length; ) at += writeSync(4, packet, at);
  };`;

const TAMPER = ISOLATION === 'process' ? USE_DESCRIPTOR : STEAL_PORT;

const tamper = (message: string) =>
  pluginSource(
    'evil',
    `return { async attack() { ${TAMPER} send(${message}); return new Promise(() => {}); } };`,
  );

it.each([
  [
    'a path into a constructor',
    `[{ id: '1', type: 'APPLY', path: ['bot', 'constructor', 'constructor'], argumentList: [{ type: 'RAW', value: 'globalThis.pwned = 1' }] }]`,
  ],
  [
    'a construction',
    `[{ id: '1', type: 'CONSTRUCT', path: ['constructor', 'constructor'], argumentList: [{ type: 'RAW', value: 'globalThis.pwned = 1' }] }]`,
  ],
  [
    'a write to a prototype',
    `[{ id: '1', type: 'SET', path: ['__proto__', 'pwned'], value: { type: 'RAW', value: 1 } }]`,
  ],
  ['a bare string', `'boo'`],
  ['an unknown note', `[{ type: 'NOTE', name: '__proto__', value: {} }]`],
  [
    'a malformed registration',
    `[{ type: 'NOTE', name: 'register', value: { id: 1, kind: 'subscription', pattern: '..' } }]`,
  ],
  [
    'a malformed log record',
    `[{ type: 'NOTE', name: 'log', value: { level: 'constructor', fields: {}, text: '' } }]`,
  ],
  [
    'more state than it may have',
    `[{ type: 'NOTE', name: 'state', value: { op: 'set', key: 'k', seq: 1, bytes: 0, value: new Uint8Array(60e6) } },
      { type: 'NOTE', name: 'state', value: { op: 'set', key: 'l', seq: 2, bytes: 0, value: new Uint8Array(60e6) } },
      { type: 'NOTE', name: 'state', value: { op: 'set', key: 'm', seq: 3, bytes: 0, value: new Uint8Array(60e6) } }]`,
  ],
  [
    'a malformed timer',
    `[{ type: 'NOTE', name: 'register', value: { id: 1, kind: 'schedule', everyMs: -5 } }]`,
  ],
])('ends the generation that sends %s, and nothing else', async (_what, message) => {
  const { manager, next } = await loadedBench(
    { 'evil.ts': tamper(message), 'good.ts': pluginSource('good', `return { fine: () => 'fine' };`) },
    { hotReload: false, bot: { harmless: () => 1 } },
  );
  const crashed = next('crashed');
  await expect(manager.plugin<{ attack(): void }>('evil').attack()).rejects.toMatchObject({
    code: 'ERR_PLUGIN_CRASHED',
    reason: 'protocol-violation',
  });
  expect(await crashed).toMatchObject({ name: 'evil', reason: 'protocol-violation' });
  expect((globalThis as { pwned?: unknown }).pwned).toBeUndefined();
  expect(({} as { pwned?: unknown }).pwned).toBeUndefined();
  expect(await manager.plugin<{ fine(): string }>('good').fine()).toBe('fine');
});

it('offers a plugin the listed functions of the bot and nothing behind them', async () => {
  class Client {
    secret = 'token';
    #count = 0;
    hello = (name: string) => `hello ${name} ${++this.#count}`;
    hidden() {
      return this.secret;
    }
  }
  const { manager } = await loadedBench(
    {
      'nosy.ts': pluginSource(
        'nosy',
        `const bot = ctx.bot as never as Record<string, (...a: unknown[]) => unknown>;
    return { keys: () => Reflect.ownKeys(bot), proto: () => Object.getPrototypeOf(bot) === null, frozen: () => Object.isFrozen(bot),
      call: (name: string) => typeof bot[name] === 'function' ? bot[name]('x') : String(bot[name]) };`,
      ),
    },
    { hotReload: false, bot: new Client() },
  );
  const nosy = manager.plugin<{
    keys(): string[];
    proto(): boolean;
    frozen(): boolean;
    call(name: string): string;
  }>('nosy');
  expect(await nosy.keys()).toEqual(['hello']);
  expect([await nosy.proto(), await nosy.frozen()]).toEqual([true, true]);
  expect(await nosy.call('hello')).toBe('hello x 1');
  for (const name of ['hidden', 'secret', 'constructor', '__proto__', 'toString']) {
    expect(await nosy.call(name)).toBe('undefined');
  }
});

it('lets no plugin speak as the bot, and stamps the source of every event itself', async () => {
  const heard: unknown[] = [];
  const { manager, log } = await loadedBench(
    {
      'ear.ts': pluginSource(
        'ear',
        `ctx.on('>', (payload, { topic, source }) => ctx.bot.heard([topic, source, payload]));`,
      ),
      'mouth.ts': pluginSource(
        'mouth',
        `return { speak: () => { ctx.emit('chat.message', { user: 'admin' }); ctx.emit('bot.stop'); ctx.emit('mouth.said', { source: 'host' }); } };`,
      ),
    },
    { hotReload: false, bot: { heard: (event: unknown) => void heard.push(event) } },
  );
  await manager.plugin<{ speak(): void }>('mouth').speak();
  await manager.emit('chat.message', 'real');
  await until(() => heard.length === 2, 'both events');
  expect(heard).toEqual([
    ['mouth.said', 'mouth', { source: 'host' }],
    ['chat.message', 'host', 'real'],
  ]);
  expect(log.filter(({ text }) => text.includes('come from the host only'))).toHaveLength(2);
});
