import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { CONDITION_FLAGS } from '#internal/conditions';
import { bench, ISOLATION, loadedBench, pluginSource, until } from '../support/workspace.ts';

const OFF = { hotReload: false };

it('rejects with the error of the plugin: class, name, message, code, cause and a stack in its own lines', async () => {
  const { manager, workspace } = await loadedBench(
    {
      'thrower.ts': `import { definePlugin } from 'bulkhead/plugin';
interface Unused { a: string }
class QuotaError extends RangeError { code = 'E_QUOTA'; limit = 3; override name = 'QuotaError'; }
export default definePlugin({
  name: 'thrower', version: '1.0.0',
  setup: () => ({
    plain() { throw new RangeError('too far'); },
    rich() { throw new QuotaError('used up', { cause: new TypeError('inner', { cause: 'root' }) }); },
    async several() { throw new AggregateError([new Error('one'), new SyntaxError('two')], 'both'); },
  }),
});`,
    },
    OFF,
  );
  const thrower = manager.plugin<{ plain(): void; rich(): void; several(): void }>('thrower');
  const file = workspace.path('plugins/thrower.ts');
  const plain = (await thrower.plain().catch((error: unknown) => error)) as Error;
  expect(plain).toBeInstanceOf(RangeError);
  expect(plain.message).toBe('too far');
  expect(plain.stack).toContain(`${file}:7:21`);
  const rich = (await thrower.rich().catch((error: unknown) => error)) as Error & {
    code: string;
    limit: number;
  };
  expect(rich).toMatchObject({ name: 'QuotaError', message: 'used up', code: 'E_QUOTA', limit: 3 });
  expect(rich.cause).toBeInstanceOf(TypeError);
  expect((rich.cause as Error).cause).toBe('root');
  const several = (await thrower.several().catch((error: unknown) => error)) as AggregateError;
  expect(several).toBeInstanceOf(AggregateError);
  expect(several.errors.map((error: Error) => error.message)).toEqual(['one', 'two']);
});

it('sends and logs errors of another context of V8 as those of its own', async () => {
  const setup = `const { runInNewContext } = require('node:vm');
    const run = (code) => runInNewContext(code);
    const logged = () => { try { run('nope()'); } catch (error) { ctx.log.error(error); ctx.log.warn({ err: error }, 'it'); } };
    return { run, logged };`;
  const { manager, next } = await loadedBench({ 'vm.js': pluginSource('vm', setup) }, OFF);
  const vm = manager.plugin<{ run(code: string): void; logged(): void }>('vm');
  const coded =
    "throw Object.assign(new RangeError('far', { cause: new Error('why') }), { code: 'E_FAR', limit: 3 })";
  const error = (await vm.run(coded).catch((reason: unknown) => reason)) as Error;
  expect(error).toBeInstanceOf(RangeError);
  expect(error).toMatchObject({ message: 'far', code: 'E_FAR', limit: 3, cause: { message: 'why' } });
  await expect(vm.run("throw new AggregateError([new Error('one')], 'all')")).rejects.toMatchObject({
    errors: [{ message: 'one' }],
  });
  const logs = ['error', 'warn'].map((level) => next('log', (event) => event.level === level));
  await vm.logged();
  expect(await Promise.all(logs)).toMatchObject([
    { text: 'nope is not defined', fields: { err: { name: 'ReferenceError' } } },
    { text: 'it', fields: { err: { name: 'ReferenceError' } } },
  ]);
});

it('keeps the list of errors that some libraries put in a field', async () => {
  const setup = `return { check() { throw Object.assign(new Error('invalid'), { errors: ['no name', { path: 'age' }] }); } };`;
  const { manager } = await loadedBench({ 'strict.js': pluginSource('strict', setup) }, OFF);
  await expect(manager.plugin<{ check(): void }>('strict').check()).rejects.toMatchObject({
    message: 'invalid',
    errors: ['no name', { path: 'age' }],
  });
});

it('begins a stack as Node does, whatever an error says of itself', async () => {
  const setup = `class Odd extends Error { toString() { return 'odd'; } }
    const captured = {};
    return {
      odd() { throw new Odd('one'); },
      path() { require('node:fs').readFileSync({}); },
      assertion() { require('node:assert').ok(false, 'no'); },
      captured() { Error.captureStackTrace(captured); return captured.stack; },
    };`;
  const { manager } = await loadedBench({ 'odd.js': pluginSource('odd', setup) }, OFF);
  const odd = manager.plugin<{ odd(): void; path(): void; assertion(): void; captured(): string }>('odd');
  await expect(odd.odd()).rejects.toMatchObject({ stack: expect.stringMatching(/^Error: one\n {4}at /) });
  expect(await odd.captured()).toMatch(/^Error\n {4}at /);
  await expect(odd.path()).rejects.toMatchObject({
    stack: expect.stringMatching(/^TypeError \[ERR_INVALID_ARG_TYPE\]: The /),
  });
  await expect(odd.assertion()).rejects.toMatchObject({
    stack: expect.stringMatching(/^AssertionError \[ERR_ASSERTION\]: no\n/),
  });
});

it.each([
  ['undefined', 'undefined', undefined],
  ['null', 'null', null],
  ['a string', `'text'`, 'text'],
  ['an object', '{ reason: 1 }', { reason: 1 }],
])('rejects with %s if that is what was thrown', async (_what, thrown, expected) => {
  const { manager } = await loadedBench(
    { 'odd.ts': pluginSource('odd', `return { go() { throw ${thrown}; } };`) },
    OFF,
  );
  await expect(manager.plugin<{ go(): void }>('odd').go()).rejects.toEqual(expected);
});

it.each([
  ['a function', '() => 1'],
  [
    'an error whose message is a trap',
    `Object.defineProperty(new Error(), 'message', { get() { throw 1; } })`,
  ],
  ['a proxy that throws', 'new Proxy({}, { get() { throw 1; }, getPrototypeOf() { throw 2; } })'],
])('says so when %s was thrown', async (_what, thrown) => {
  const { manager } = await loadedBench(
    { 'odd.ts': pluginSource('odd', `return { go() { throw ${thrown}; } };`) },
    OFF,
  );
  await expect(manager.plugin<{ go(): void }>('odd').go()).rejects.toThrow(
    'Something that cannot be sent was thrown',
  );
});

it('leaves out of an error what there is no room for', async () => {
  const { manager } = await loadedBench(
    {
      'laden.mjs': pluginSource(
        'laden',
        `return {
          fields: () => {
            const error = new Error('laden');
            for (let n = 0; n < 150; n++) error['field' + n] = 'x'.repeat(1_000_000);
            throw Object.assign(error, { status: 503 });
          },
          parts: () => {
            throw new AggregateError(Array.from({ length: 100 }, () => new Uint8Array(2_000_000)), 'laden');
          },
        };`,
      ),
    },
    OFF,
  );
  const laden = manager.plugin<{ fields(): void; parts(): void }>('laden');
  const error = (await laden.fields().catch((reason: unknown) => reason)) as Error & { field0: string };
  expect(error).toMatchObject({ message: 'laden', status: 503, field0: 'x'.repeat(1_000_000) });
  expect(Object.keys(error).length).toBeLessThan(20);
  const several = (await laden.parts().catch((reason: unknown) => reason)) as AggregateError;
  expect(several).toMatchObject({ message: 'laden' });
  expect(several.errors.filter((part) => part instanceof Uint8Array).length).toBeLessThan(10);
});

it('refuses what cannot be cloned with the path to it, as argument and as result', async () => {
  const { manager } = await loadedBench(
    {
      'echo.ts': pluginSource(
        'echo',
        `return { take: (..._: unknown[]) => 'taken', give: () => ({ list: [1, { socket: () => {} }] }) };`,
      ),
    },
    OFF,
  );
  const echo = manager.plugin<{ take(...values: unknown[]): string; give(): unknown }>('echo');
  await expect(echo.take(1, { user: { socket: () => {} } })).rejects.toMatchObject({
    code: 'ERR_NOT_CLONEABLE',
    message: expect.stringContaining('argument 2: .user.socket'),
  });
  await expect(echo.take(new Map([['key', Symbol('x')]]))).rejects.toThrow('argument 1: .get("key")');
  const unreadable = {
    get part() {
      throw new Error('not now');
    },
  };
  await expect(echo.take(unreadable)).rejects.toMatchObject({
    code: 'ERR_NOT_CLONEABLE',
    message: expect.stringContaining('argument 1: .part cannot be sent to another thread: not now'),
  });
  await expect(echo.give()).rejects.toMatchObject({
    code: 'ERR_NOT_CLONEABLE',
    message: expect.stringContaining('the result: .list[1].socket'),
  });
  expect(await echo.take()).toBe('taken');
});

it('sends values as they were at the time of the call', async () => {
  const { manager } = await loadedBench(
    { 'echo.ts': pluginSource('echo', 'return { echo: (value) => value };') },
    OFF,
  );
  const { echo } = manager.plugin<{ echo<T>(value: T): T }>('echo');
  const mutable = { n: 1, list: [1] };
  const call = echo(mutable);
  mutable.n = 2;
  mutable.list.push(2);
  expect(await call).toEqual({ n: 1, list: [1] });
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  const back = (await echo(cyclic)) as { self: unknown };
  expect(back.self).toBe(back);
  const memory = new Uint8Array([3, 4, 5]).buffer;
  const rich = {
    date: new Date(0),
    map: new Map([[1, new Set([2])]]),
    bytes: new Uint8Array([1, 2]),
    more: [Buffer.from('ab'), Buffer.from('c')].map((each) => new Uint8Array(each)),
    views: [new Uint8Array(memory, 0, 1), new Uint8Array(memory, 1), new DataView(memory)],
    big: 3n,
    re: /x/g,
  };
  expect(await echo(rich)).toEqual(rich);
});

it.runIf(ISOLATION === 'thread')(
  'sends large values at once, so that the other side works on them while this one goes on',
  async () => {
    const { manager, workspace } = await loadedBench(
      {
        'busy.js': `import { existsSync, writeFileSync } from 'node:fs';
${pluginSource(
  'busy',
  `return {
    write: (file, text) => writeFileSync(file, String(text.length)),
    large: () => 'x'.repeat(1_000_000),
    waitFor(file) {
      const end = Date.now() + 20_000;
      while (!existsSync(file)) if (Date.now() > end) throw new Error('it waited in vain');
    },
  };`,
)}`,
      },
      OFF,
    );
    const busy =
      manager.plugin<Record<'write' | 'large' | 'waitFor', (...args: unknown[]) => Promise<string>>>('busy');
    const [received, answered] = [workspace.path('received'), workspace.path('answered')];
    const written = busy.write(received, 'x'.repeat(1_000_000));
    const deadline = Date.now() + 20_000;
    while (!existsSync(received)) expect(Date.now()).toBeLessThan(deadline);
    await written;
    const large = busy.large().then((text) => writeFile(answered, text));
    await busy.waitFor(answered);
    await large;
  },
);

it('starts what is sent in one tick in that order, and gives each its own outcome', async () => {
  const { manager } = await loadedBench(
    {
      'mixed.ts': pluginSource(
        'mixed',
        `const seen: unknown[] = [];
        ctx.on('a.*', (n, { topic, source }) => { seen.push([topic, source, n]); });
        const note = (name: string) => (n: number, signal?: AbortSignal) => {
          seen.push([name, n, signal instanceof AbortSignal]);
          if (n % 3 === 0) throw new Error(name + n);
          return name + n;
        };
        return { one: note('one'), two: note('two'), seen: () => seen };`,
      ),
    },
    OFF,
  );
  type Note = (n: number, signal?: AbortSignal) => string;
  const mixed = manager.plugin<{ one: Note; two: Note; seen(): unknown[] }>('mixed');
  const { signal } = new AbortController();
  const calls = [mixed.one(1), mixed.one(2, signal), mixed.one(3)];
  const events = [manager.emit('a.b', 4), manager.emit('a.b', 5), manager.emit('a.c', 6)];
  calls.push(mixed.two(7), mixed.one(8), mixed.one(9, signal));
  events.push(manager.emit('a.b', 10));
  const outcomes = await Promise.allSettled(calls);
  expect(outcomes.map((each) => (each.status === 'fulfilled' ? each.value : each.reason.message))).toEqual([
    'one1',
    'one2',
    'one3',
    'two7',
    'one8',
    'one9',
  ]);
  expect(outcomes.map(({ status }) => status === 'rejected')).toEqual([
    false,
    false,
    true,
    false,
    false,
    true,
  ]);
  expect((await Promise.all(events)).map(({ delivered }) => delivered)).toEqual(events.map(() => ['mixed']));
  expect(await mixed.seen()).toEqual([
    ['one', 1, false],
    ['one', 2, true],
    ['one', 3, false],
    ['a.b', 'host', 4],
    ['a.b', 'host', 5],
    ['a.c', 'host', 6],
    ['two', 7, false],
    ['one', 8, false],
    ['one', 9, true],
    ['a.b', 'host', 10],
  ]);
});

it('settles calls that end in one tick in the order in which they ended, whether well or not', async () => {
  const { manager } = await loadedBench(
    {
      'moody.ts': pluginSource(
        'moody',
        `return { answer: (n: number) => { if (n % 3 === 0) throw new RangeError(String(n)); return n; } };`,
      ),
    },
    { hotReload: false },
  );
  const moody = manager.plugin<{ answer(n: number): number }>('moody');
  const settled: number[] = [];
  const calls = Array.from({ length: 10 }, (_, n) =>
    moody.answer(n).then(
      (value) => settled.push(value),
      (error: Error) => settled.push(Number(error.message)),
    ),
  );
  await Promise.all(calls);
  expect(settled).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

it('passes an AbortSignal on, as an argument or inside one', async () => {
  const { manager } = await bench(
    {
      'patient.ts': pluginSource(
        'patient',
        `const aborted = (signal: AbortSignal) => new Promise((_, reject) => { signal.addEventListener('abort', () => reject(signal.reason)); ctx.bot.waiting(); });
    return { bare: (_: number, signal: AbortSignal) => aborted(signal), inside: (options: { signal: AbortSignal }) => aborted(options.signal) };`,
      ),
    },
    { ...OFF, bot: { waiting: () => controller.abort(new RangeError('enough')) } },
  );
  let controller = new AbortController();
  await manager.loadAll();
  const patient = manager.plugin<{
    bare(n: number, signal: AbortSignal): void;
    inside(options: { signal: AbortSignal }): void;
  }>('patient');
  await expect(patient.bare(1, controller.signal)).rejects.toThrow(new RangeError('enough'));
  controller = new AbortController();
  await expect(patient.inside({ signal: controller.signal })).rejects.toThrow(new RangeError('enough'));
  await expect(patient.bare(1, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
});

it('gives up a call after callTimeoutMs, and says which', async () => {
  const { manager } = await loadedBench(
    { 'slow.ts': pluginSource('slow', 'return { never: () => new Promise(() => {}), now: () => 1 };') },
    { ...OFF, defaults: { callTimeoutMs: 300, drainMs: 10 } },
  );
  const slow = manager.plugin<{ never(): void; now(): number }>('slow');
  await expect(slow.never()).rejects.toMatchObject({
    code: 'ERR_CALL_TIMEOUT',
    message: expect.stringContaining("'never' within 300 ms"),
  });
  // On a busy machine this may take as long.
  expect(await until(() => slow.now().catch(() => undefined), 'an answer in time')).toBe(1);
});

it.each([
  ['process.exit(0)', 'exit', 'process.exit(0)'],
  ['process.exit(3)', 'exit', 'process.exit(3)'],
  [
    `setImmediate(() => { throw new TypeError('later'); })`,
    'uncaught-exception',
    'ended: uncaught TypeError: later',
  ],
  [
    `setImmediate(() => { Promise.reject(new RangeError('unhandled')); })`,
    'uncaught-exception',
    'ended: unhandled rejection: RangeError: unhandled',
  ],
  ['setImmediate(() => { throw undefined; })', 'uncaught-exception', 'undefined'],
  [
    `process.on('uncaughtException', () => {}); setImmediate(() => { throw new Error('swallowed?'); })`,
    'uncaught-exception',
    'swallowed?',
  ],
  [
    `process.on('unhandledRejection', () => {}); setImmediate(() => { Promise.reject(new Error('kept quiet?')); })`,
    'uncaught-exception',
    'kept quiet?',
  ],
  [
    'setImmediate(() => { let kept: unknown; for (let n = 0; ; n++) kept = { kept, text: String(n) }; })',
    'heap-limit',
    'heap limit',
  ],
])('settles every pending call when the plugin ends by %s', async (code, reason, text) => {
  const { manager, next } = await loadedBench(
    {
      'fragile.ts': pluginSource(
        'fragile',
        `return { wait: () => new Promise(() => {}), end() { ${code}; return new Promise(() => {}); } };`,
      ),
    },
    { ...OFF, defaults: { limits: { heapMb: 32 }, restart: { initialDelayMs: 60_000 } } },
  );
  const fragile = manager.plugin<{ wait(): void; end(): void }>('fragile');
  const crashed = next('crashed');
  const pending = [fragile.wait(), fragile.wait(), fragile.end()];
  for (const outcome of await Promise.allSettled(pending)) {
    expect(outcome).toMatchObject({
      status: 'rejected',
      reason: {
        name: 'PluginCrashedError',
        code: 'ERR_PLUGIN_CRASHED',
        plugin: 'fragile',
        generation: 1,
        reason,
      },
    });
    expect((outcome as PromiseRejectedResult).reason.message).toContain(text);
  }
  expect(await crashed).toMatchObject({ name: 'fragile', generation: 1, reason });
  await expect(fragile.wait()).rejects.toMatchObject({ code: 'ERR_PLUGIN_UNAVAILABLE' });
});

it.each([
  [
    '{ call: () => 1, count: 5, later: undefined }',
    "setup() returned 'count', which is no function (number): nobody can call it",
  ],
  [
    '{ *call() {} }',
    "setup() returned 'call', which is no function (generator function, of which a call runs nothing): nobody can call it",
  ],
  ['5', 'setup() returned 5; expected an object of functions that others can call'],
])('warns of what setup returns and nobody can call: %s', async (returned, warning) => {
  const source = pluginSource('fields', `return ${returned};`);
  const { log } = await loadedBench({ 'fields.ts': source }, OFF);
  const warned = () => log.filter(({ level, fields }) => level === 'warn' && fields.plugin === 'fields');
  await until(() => warned().length > 0, 'the warning');
  expect(warned().map(({ text }) => text)).toEqual([warning]);
});

it('calls no generator that setup returned, or that the bot offers', async () => {
  const source = pluginSource('a', `return { *call() {}, ok: () => 1 };`);
  const { manager } = await loadedBench({ 'a.ts': source }, OFF);
  await expect(manager.plugin<{ call(): void }>('a').call()).rejects.toMatchObject({
    code: 'ERR_NO_SUCH_METHOD',
    message: expect.stringContaining('it has: ok'),
  });
  await expect(bench({}, { ...OFF, bot: { *say() {} } })).rejects.toMatchObject({
    code: 'ERR_INVALID_OPTIONS',
    message: expect.stringContaining("'bot.say': expected a function, got generator function"),
  });
});

it('starts a crashed plugin again, with its state', async () => {
  const { manager, next } = await loadedBench(
    {
      'phoenix.ts': pluginSource(
        'phoenix',
        `return { die() { ctx.state.set('last', 'words'); process.exit(1); }, last: () => ctx.state.get('last') };`,
      ),
    },
    { ...OFF, defaults: { restart: { initialDelayMs: 1 } } },
  );
  const phoenix = manager.plugin<{ die(): void; last(): string }>('phoenix');
  const loaded = next('loaded');
  await expect(phoenix.die()).rejects.toMatchObject({ code: 'ERR_PLUGIN_CRASHED' });
  expect(await loaded).toMatchObject({ name: 'phoenix', generation: 2 });
  expect(await phoenix.last()).toBe('words');
});

it('says that a function of a class cannot be called', async () => {
  const source = pluginSource('one', 'return new (class { inherited() {} })();');
  const { manager } = await loadedBench({ 'one.ts': source }, OFF);
  await expect(manager.plugin<{ inherited(): void }>('one').inherited()).rejects.toMatchObject({
    code: 'ERR_NO_SUCH_METHOD',
    message: `The plugin returned no function 'inherited' from setup (it has: none). 'inherited' is inherited; only own functions can be called`,
  });
});

it('names what exists when a function does not', async () => {
  const { manager } = await loadedBench({ 'one.ts': pluginSource('one', 'return { real: () => 1 };') }, OFF);
  const one = manager.plugin<Record<string, () => void>>('one');
  await expect(one.unreal?.()).rejects.toMatchObject({
    code: 'ERR_NO_SUCH_METHOD',
    message: expect.stringContaining('real'),
  });
  await expect(one.constructor?.()).rejects.toMatchObject({ code: 'ERR_NO_SUCH_METHOD' });
  await expect(manager.plugin<{ x(): void }>('none').x()).rejects.toMatchObject({
    code: 'ERR_PLUGIN_NOT_FOUND',
    message: expect.stringContaining('one'),
  });
});

it.runIf(ISOLATION === 'thread')(
  'sends all events of a tick in one message, and calls after the events before them',
  async () => {
    const { manager } = await loadedBench(
      {
        'tally.ts': pluginSource(
          'tally',
          `let seen = 0; ctx.on('tick', () => { seen++; }); return { seen: () => seen };`,
        ),
      },
      OFF,
    );
    const { MessagePort } = await import('node:worker_threads');
    const { postMessage } = MessagePort.prototype;
    let batches = 0;
    MessagePort.prototype.postMessage = function count(
      this: InstanceType<typeof MessagePort>,
      ...args: never
    ) {
      // Not the requests for heartbeats, nor what a standby is started with.
      if (Array.isArray(args[0])) batches++;
      return postMessage.apply(this, args);
    };
    try {
      for (let n = 0; n < 500; n++) void manager.emit('tick', { n });
      expect(await manager.plugin<{ seen(): number }>('tally').seen()).toBe(500);
    } finally {
      MessagePort.prototype.postMessage = postMessage;
    }
    expect(batches).toBe(1);
  },
);

it('gives a plugin the environment it was granted, and nothing else of the host', async () => {
  process.env.BULKHEAD_TEST_KEY = 'granted';
  const { manager } = await loadedBench(
    {
      'curious.ts': `import { workerData } from 'node:worker_threads';\n${pluginSource(
        'curious',
        `return { look: () => ({ env: { ...process.env }, argv: process.argv.length, execArgv: process.execArgv, workerData }) };`,
      )}`,
    },
    { ...OFF, plugins: { curious: { env: ['BULKHEAD_TEST_KEY', 'BULKHEAD_TEST_ABSENT'] } } },
  );
  expect(await manager.plugin<{ look(): unknown }>('curious').look()).toEqual({
    env: { BULKHEAD_TEST_KEY: 'granted' },
    argv: 2,
    execArgv: CONDITION_FLAGS,
    workerData: null,
  });
});

it('captures what a plugin prints, in order, to the end', async () => {
  const { manager, seen, next } = await loadedBench(
    {
      'chatty.ts': pluginSource(
        'chatty',
        `return { talk() { console.log('one %d', 1); console.error('two'); process.stdout.write('three\\nfo'); process.stdout.write('ur\\n'); const bytes = Buffer.from('naïve\\n'); process.stdout.write(bytes.subarray(0, 3)); process.stdout.write(bytes.subarray(3)); ctx.log.warn({ n: 5 }, 'five'); process.stderr.write('six'); process.exit(0); } };`,
      ),
    },
    OFF,
  );
  const crashed = next('crashed');
  await manager
    .plugin<{ talk(): void }>('chatty')
    .talk()
    .catch(() => {});
  await crashed;
  expect(seen('log').map(({ level, text }) => [level, text])).toEqual([
    ['info', 'one 1'],
    ['error', 'two'],
    ['info', 'three'],
    ['info', 'four'],
    ['info', 'naïve'],
    ['warn', 'five'],
    ['error', 'six'],
  ]);
});

it('answers a call made before the plugin is ready once it is', async () => {
  const { manager } = await bench(
    {
      'late.ts': pluginSource('late', `await new Promise(setImmediate); return { ok: () => 'ok' };`).replace(
        'setup(ctx)',
        'async setup(ctx)',
      ),
    },
    OFF,
  );
  const loading = manager.loadAll();
  await until(() => manager.get('late')?.state === 'preparing', 'the load');
  expect(await manager.plugin<{ ok(): string }>('late').ok()).toBe('ok');
  await loading;
  await manager.unload('late');
  await expect(manager.plugin<{ ok(): string }>('late').ok()).rejects.toMatchObject({
    code: 'ERR_PLUGIN_UNAVAILABLE',
  });
});
