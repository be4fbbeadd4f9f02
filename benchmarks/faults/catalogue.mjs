/**
 * Every fault of the matrix. A case runs in a host of its own, with the plugin `faulty` and a neighbour in the tier that is
 * measured. `body` are functions of the plugin, beside those that all have; `act` causes the fault, and returns when there is
 * nothing more to wait for.
 *
 * @typedef {object} Fault
 * @property {string} group
 * @property {string} name
 * @property {string} [body] functions of the plugin, as properties
 * @property {string} [top] code at the top of its module
 * @property {string} [setup] code in its `setup`
 * @property {'crash' | 'alive' | 'refused'} outcome what is right: it ends and is started again; it goes on; the new version
 *   is refused and the old one goes on
 * @property {object} [options] of the plugin
 * @property {string} [addon] C source of a native addon
 * @property {boolean} [threadDies] a thread cannot contain it, and takes the host along
 * @property {boolean} [threadLingers] a thread that is replaced does not end
 * @property {number} [pending] calls under way meanwhile, 3 if it does not say
 * @property {boolean} [mayRecycle] it may be replaced before it ends
 * @property {boolean} [hotReload] the plugins are watched
 * @property {(test: import('./case.mjs').Case) => Promise<unknown>} act
 */

const call = (name) => (test) => test.faulty[name]();
/** The fault is a new version of the file. */
const saved = (broken) => async (test) => {
  await test.write(broken);
  await test.refused(test.manager.reload('faulty'));
};

/** What a case says before its fault. */
export const ACTING = 'acting';

/** @type {Fault[]} */
export const FAULTS = [
  { group: 'load', name: 'syntax error', outcome: 'refused', act: saved({ top: 'const = ;' }) },
  {
    group: 'load',
    name: 'missing module',
    outcome: 'refused',
    act: saved({ top: "import 'not-installed';" }),
  },
  {
    group: 'load',
    name: 'throw at top level',
    outcome: 'refused',
    act: saved({ top: "throw new Error('top');" }),
  },
  {
    group: 'load',
    name: 'rejected top-level await',
    outcome: 'refused',
    act: saved({ top: "await Promise.reject(new Error('tla'));" }),
  },
  {
    group: 'load',
    name: 'never ready',
    outcome: 'refused',
    options: { startMs: 3_000 },
    act: saved({ setup: 'await new Promise(() => {});' }),
  },
  { group: 'load', name: 'exit during load', outcome: 'refused', act: saved({ top: 'process.exit(0);' }) },
  {
    group: 'load',
    name: 'stop while starting',
    outcome: 'alive',
    act: async (test) => {
      await test.write({ setup: 'await new Promise((resolve) => setTimeout(resolve, 300));' });
      const reload = test.manager.reload('faulty').catch(() => {});
      await test.manager.unload('faulty');
      await reload;
      await test.manager.load('faulty');
    },
  },
  {
    group: 'load',
    name: 'start while stopping',
    outcome: 'alive',
    act: async (test) => {
      const stop = test.manager.unload('faulty');
      const start = test.manager.load('faulty');
      await Promise.all([stop, start]);
    },
  },

  {
    group: 'run',
    name: 'throw in a call',
    outcome: 'alive',
    body: "f: () => { throw new RangeError('call'); }",
    act: (test) => test.rejects('f', 'call'),
  },
  {
    group: 'run',
    name: 'later throw, calls pending',
    outcome: 'crash',
    body: "f: () => { setTimeout(() => { throw new Error('later'); }, 5); }",
    act: call('f'),
  },
  {
    group: 'run',
    name: 'later throw, none pending',
    outcome: 'crash',
    pending: 0,
    body: "f: () => { setTimeout(() => { throw new Error('later'); }, 5); }",
    act: call('f'),
  },
  {
    group: 'run',
    name: 'unhandled rejection',
    outcome: 'crash',
    body: "f: () => { void Promise.reject(new Error('unhandled')); }",
    act: call('f'),
  },
  {
    group: 'run',
    name: 'throw of undefined',
    outcome: 'crash',
    body: 'f: () => { setTimeout(() => { throw undefined; }, 5); }',
    act: call('f'),
  },
  {
    group: 'run',
    name: 'throw of a non-cloneable',
    outcome: 'crash',
    body: 'f: () => { setTimeout(() => { throw { f() {} }; }, 5); }',
    act: call('f'),
  },
  {
    group: 'run',
    name: 'exit 0',
    outcome: 'crash',
    body: 'f: () => { setTimeout(() => process.exit(0), 5); }',
    act: call('f'),
  },
  {
    group: 'run',
    name: 'exit 1',
    outcome: 'crash',
    body: 'f: () => { setTimeout(() => process.exit(1), 5); }',
    act: call('f'),
  },
  {
    group: 'run',
    name: 'stack overflow',
    outcome: 'alive',
    body: 'f: () => { const g = () => g() + 1; return g(); }',
    act: (test) => test.rejects('f', 'call stack'),
  },
  {
    group: 'run',
    name: 'heap leak',
    outcome: 'crash',
    options: { limits: { heapMb: 64 } },
    body: 'f: () => { const kept = []; for (;;) kept.push({ n: kept.length }); }',
    act: call('f'),
  },
  {
    group: 'run',
    name: 'one huge array',
    outcome: 'crash',
    threadDies: true,
    body: "f: () => [...'x'.repeat(1e8)]",
    act: call('f'),
  },
  {
    group: 'run',
    name: 'doubling concat',
    outcome: 'crash',
    threadDies: true,
    body: 'f: () => { let a = [1, 2, 3]; for (;;) a = a.concat(a); }',
    act: call('f'),
  },
  {
    group: 'run',
    name: 'Buffer leak',
    outcome: 'crash',
    options: { limits: { externalMb: 64 } },
    body: 'f: async () => { const kept = []; for (;;) { kept.push(Buffer.alloc(4e6, 1)); await new Promise((r) => setTimeout(r, 5)); } }',
    mayRecycle: true,
    act: call('f'),
  },
  {
    group: 'run',
    name: 'native crash',
    outcome: 'crash',
    threadDies: true,
    addon:
      'void *napi_register_module_v1(void *env, void *exports) { *(volatile int *)0 = 1; return exports; }',
    body: "f: async () => { const { createRequire } = await import('node:module'); createRequire(import.meta.url)('./_addon.node'); }",
    act: call('f'),
  },
  {
    group: 'run',
    name: 'kill of its own process',
    outcome: 'crash',
    threadDies: true,
    body: 'f: () => { process.kill(process.pid); }',
    act: call('f'),
  },
  {
    group: 'run',
    name: 'slow leak',
    outcome: 'crash',
    mayRecycle: true,
    options: { limits: { heapMb: 32 } },
    body: 'f: async () => { const kept = []; for (;;) { for (let n = 0; n < 2e4; n++) kept.push({ n }); await new Promise((r) => setTimeout(r, 10)); } }',
    act: call('f'),
  },

  { group: 'hang', name: 'endless loop', outcome: 'crash', body: 'f: () => { for (;;); }', act: call('f') },
  {
    group: 'hang',
    name: 'endless microtasks',
    outcome: 'crash',
    body: 'f: () => { const again = () => { void Promise.resolve().then(again); }; again(); }',
    act: call('f'),
  },
  {
    group: 'hang',
    name: 'blocking wait',
    outcome: 'crash',
    body: 'f: () => { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); }',
    act: call('f'),
  },
  {
    group: 'hang',
    name: 'blocking child process',
    outcome: 'crash',
    threadLingers: true,
    body: "f: async () => { (await import('node:child_process')).execFileSync('sleep', ['8']); }",
    act: call('f'),
  },
  {
    group: 'hang',
    name: '2 s stalls',
    outcome: 'alive',
    options: { hangMs: 10_000 },
    body: 'f: () => { const end = Date.now() + 2000; while (Date.now() < end); }',
    act: call('f'),
  },
  {
    group: 'hang',
    name: 'teardown that never ends',
    outcome: 'alive',
    options: { teardownMs: 300 },
    setup: 'ctx.onTeardown(() => new Promise(() => {}));',
    pending: 0,
    act: (test) => test.manager.reload('faulty'),
  },
  {
    group: 'hang',
    name: 'leftover interval',
    outcome: 'alive',
    setup: 'setInterval(() => {}, 1); setInterval(() => ctx.bot.nothing(), 1);',
    pending: 0,
    act: (test) => test.manager.reload('faulty'),
  },

  {
    group: 'talk',
    name: '100 calls at once',
    outcome: 'alive',
    act: async (test) => {
      const answers = await Promise.all(Array.from({ length: 100 }, () => test.faulty.ok()));
      test.equal(answers.length, 100);
    },
  },
  {
    group: 'talk',
    name: 'non-cloneable argument',
    outcome: 'alive',
    act: (test) => test.rejects('ok', 'argument 1', () => {}),
  },
  {
    group: 'talk',
    name: 'non-cloneable result',
    outcome: 'alive',
    body: 'f: () => () => {}',
    act: (test) => test.rejects('f', 'the result'),
  },
  {
    group: 'talk',
    name: 'non-cloneable error',
    outcome: 'alive',
    body: 'f: () => { throw Object.assign(new Error("with a function"), { f() {} }); }',
    act: (test) => test.rejects('f', 'with a function'),
  },
  {
    group: 'talk',
    name: 'abort before and during',
    outcome: 'alive',
    body: 'f: ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))',
    act: async (test) => {
      await test.rejects('f', 'too late', { signal: AbortSignal.abort(new Error('too late')) });
      const controller = new AbortController();
      const during = test.rejects('f', 'enough', { signal: controller.signal });
      controller.abort(new Error('enough'));
      await during;
    },
  },
  {
    group: 'talk',
    name: 'time-out',
    outcome: 'alive',
    options: { callTimeoutMs: 200 },
    pending: 0,
    body: 'f: () => new Promise(() => {})',
    act: (test) => test.rejects('f', '200 ms'),
  },
  {
    group: 'talk',
    name: 'malformed message',
    outcome: 'crash',
    body: `f: async () => {
      const { MessagePort } = process.getBuiltinModule('node:worker_threads');
      const { postMessage } = MessagePort.prototype;
      MessagePort.prototype.postMessage = function () { MessagePort.prototype.postMessage = postMessage; this.postMessage('boo'); };
      // In a process that is all that passes through a port.
      process.exit();
    }`,
    act: call('f'),
  },
  {
    group: 'talk',
    name: 'call before ready, after stop',
    outcome: 'alive',
    pending: 0,
    act: async (test) => {
      await test.manager.unload('faulty');
      await test.rejects('ok', 'stopped');
      const load = test.manager.load('faulty');
      await test.faulty.ok().catch(() => {});
      await load;
    },
  },
  {
    group: 'talk',
    name: 'call that comes back to its own plugin, also while it drains',
    outcome: 'alive',
    pending: 0,
    body: 'f: async () => { await new Promise((r) => setTimeout(r, 50)); return ctx.bot.back(); }',
    act: async (test) => {
      test.equal(await test.faulty.f(), 'ok');
      const during = test.faulty.f();
      await test.manager.reload('faulty');
      test.equal(await during, 'ok');
    },
  },

  {
    group: 'volume',
    name: 'stdout flood',
    outcome: 'alive',
    body: "f: () => { const line = 'x'.repeat(999) + '\\n'; for (let n = 0; n < 200_000; n++) process.stdout.write(line); }",
    act: call('f'),
  },
  {
    group: 'volume',
    name: 'message flood',
    outcome: 'alive',
    body: "f: () => { const text = 'x'.repeat(1000); for (let n = 0; n < 200_000; n++) ctx.emit('flood.x', { text }); }",
    act: call('f'),
  },
  {
    group: 'volume',
    name: 'endless line',
    outcome: 'alive',
    body: "f: () => { const part = 'x'.repeat(65_536); for (let n = 0; n < 3_200; n++) process.stdout.write(part); }",
    act: call('f'),
  },
  {
    group: 'volume',
    name: 'save burst during a crash loop',
    outcome: 'alive',
    pending: 0,
    hotReload: true,
    act: async (test) => {
      await test.write({ setup: "setTimeout(() => { throw new Error('loop'); }, 5);" });
      await test.until(() => test.seen.crashed > 0);
      for (let n = 0; n < 50; n++) await test.write({ top: `// save ${n}`, body: `save: () => ${n}` });
      await test.until(async () => (await test.faulty.save().catch(() => -1)) === 49);
    },
  },
];
