import { expect, it } from 'vitest';
import { bench, loadedBench, pluginSource, until } from '../support/workspace.ts';

it.each(
  [
    ['noise', `'garbage that is no packet'`],
    ['an announcement of 4 GB', 'Buffer.from([255, 255, 255, 255, 0])'],
    ['an unknown channel', 'Buffer.from([1, 0, 0, 0, 9, 0])'],
    ['a packet that is no batch', 'Buffer.from([2, 0, 0, 0, 0, 1, 2])'],
    ['arrays in arrays, each announcing 40,000 elements,', 'bomb'],
    ['a forged note of the relay', 'Buffer.from([2, 0, 0, 0, 1, 1, 2])'],
  ].flatMap(([what, bytes]) => [3, 4].map((pipe) => [what, pipe, bytes] as const)),
)('%s on its pipe %i ends that generation, and nothing else', async (_what, pipe, bytes) => {
  const evil = pluginSource(
    'evil',
    `const payload = Buffer.from([0xff, 0x0f, ...Array.from({ length: 4_000 }, () => [0x41, 0xc0, 0xb8, 0x02]).flat(), ...Array(40_000).fill(0x5f)]);
    const header = Buffer.alloc(5);
    header.writeUInt32LE(payload.length);
    const bomb = Buffer.concat([header, payload]);
    return { attack: async () => { (await import('node:fs')).writeSync(${pipe}, ${bytes}); await new Promise(() => {}); } };`,
  );
  const { manager, next } = await loadedBench(
    { 'evil.ts': evil, 'good.ts': pluginSource('good', `return { fine: () => 'fine' };`) },
    { hotReload: false, defaults: { isolation: 'process', restart: { initialDelayMs: 1 } } },
  );
  const restarted = next('loaded');
  await expect(manager.plugin<{ attack(): void }>('evil').attack()).rejects.toMatchObject({
    code: 'ERR_PLUGIN_CRASHED',
    reason: 'protocol-violation',
  });
  expect(await manager.plugin<{ fine(): string }>('good').fine()).toBe('fine');
  await restarted;
});

const MB = 2 ** 20;
const FLOODS = pluginSource(
  'flood',
  `const { writeSync } = await import('node:fs');
    const { Serializer } = await import('node:v8');
    const serialize = (value: unknown) => { const to = new Serializer(); to.writeHeader(); to.writeValue(value); return to.releaseBuffer(); };
    const all = (fd: number, bytes: Uint8Array) => {
      for (let at = 0; at < bytes.length; ) {
        try { at += writeSync(fd, bytes, at); }
        catch (error) { if ((error as { code?: string }).code !== 'EAGAIN') throw error; Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1); }
      }
    };
    const packet = (batch: unknown) => {
      const bytes = serialize(batch); const header = Buffer.alloc(5); header.writeUInt32LE(bytes.length);
      return Buffer.concat([header, bytes]);
    };
    const text = 'x'.repeat(1_000);
    // However slow the machine is, it is not to be taken for one that hangs.
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    return {
      stdout: () => { const lines = Buffer.from((text + '\\n').repeat(64)); for (let n = 0; n < 3_200; n++) all(1, lines); },
      line: () => { const part = Buffer.from(text.repeat(64)); for (let n = 0; n < 3_200; n++) all(1, part); },
      log: async () => {
        const notes = packet(Array.from({ length: 64 }, () => ({ type: 'NOTE', name: 'log', value: { level: 'info', fields: {}, text } })));
        for (let n = 0; n < 3_200; n++) { all(4, notes); await turn(); }
      },
      emit: async () => {
        const notes = packet(Array.from({ length: 64 }, () => ({ type: 'NOTE', name: 'emit', value: { on: 0, topic: 'flood.drop', payload: { text } } })));
        for (let n = 0; n < 3_200; n++) { all(4, notes); await turn(); }
      },
      newlines: () => { for (let n = 0; n < 200; n++) all(2, Buffer.alloc(1_000, '\\n')); },
      ok: () => 'ok',
    };`,
).replace('setup(ctx)', 'async setup(ctx)');

/** V8 lets its young generation grow with whatever outlives a small collection, to some 100 MB: that is not the flood's. */
function litter(): void {
  let kept: unknown[] = [];
  for (let n = 0; n < 3_000_000; n++) {
    kept.push({ n, text: `number ${n}` });
    if (kept.length === 30_000) kept = [];
  }
}

it.each(['line', 'stdout', 'log', 'emit'] as const)(
  'bounds 200 MB by %s from a plugin that goes around its runtime',
  async (kind) => {
    const { manager, seen } = await loadedBench(
      {
        'flood.ts': FLOODS,
        'neighbour.ts': pluginSource('neighbour', `ctx.on('flood.*', () => {}); return { ok: () => 'ok' };`),
      },
      { hotReload: false, defaults: { isolation: 'process', budgets: { logBytesPerSecond: 100_000 } } },
    );
    const flood = manager.plugin<Record<string, () => string>>('flood');
    const neighbour = manager.plugin<{ ok(): string }>('neighbour');
    // The host grows by these calls alone, flood or not.
    litter();
    let before = 0;
    for (let n = 0; n < 400; n++) {
      await Promise.all(Array.from({ length: 50 }, () => neighbour.ok()));
      before = Math.max(before, process.memoryUsage.rss());
    }
    let highest = before;
    let isDone = false;
    const flooding = Promise.resolve(flood[kind]?.());
    const done = () => {
      isDone = true;
    };
    flooding.then(done, done);
    await until(
      async () => {
        expect(await neighbour.ok()).toBe('ok');
        // As fast as they can, the calls would be a flood of their own.
        await new Promise((resolve) => setTimeout(resolve, 5));
        highest = Math.max(highest, process.memoryUsage.rss());
        return isDone;
      },
      'the end of the flood',
      25_000,
    );
    await flooding;
    expect((highest - before) / MB).toBeLessThan(50);
    await until(() => seen('dropped').length > 0, 'the count');
    expect(seen('dropped')[0]).toMatchObject({ name: 'flood', what: kind === 'emit' ? 'emit' : 'log' });
  },
);

it('refuses a call that is too large as a whole, and nothing that was sent in the same tick', async () => {
  const { manager } = await bench(
    {
      'large.ts': pluginSource(
        'large',
        `return {
          save: () => {
            const refused = ctx.bot.save(Buffer.alloc(40e6), Buffer.alloc(40e6)).catch((error) => error.code);
            ctx.state.set('tried', true);
            const small = ctx.bot.save('small');
            void Promise.all([refused, small]).then((codes) => ctx.bot.save(codes));
          },
          tried: () => ctx.state.get('tried'),
        };`,
      ),
    },
    {
      hotReload: false,
      defaults: { isolation: 'process', callTimeoutMs: 5_000, budgets: { pendingCallBytes: 200e6 } },
      bot: { save: (what: unknown) => saved.push(what) },
    },
  );
  const saved: unknown[] = [];
  await manager.loadAll();
  const plugin = manager.plugin<{ save(): void; tried(): boolean }>('large');
  await plugin.save();
  await until(() => saved.length === 2, 'both answers');
  expect(saved).toEqual(['small', ['ERR_VALUE_TOO_LARGE', 1]]);
  await manager.reload('large');
  expect(await plugin.tried()).toBe(true);
});

it('counts what lines cost, however short they are, of a plugin that goes around its runtime', async () => {
  const { manager, seen } = await loadedBench(
    { 'flood.ts': FLOODS },
    { hotReload: false, defaults: { isolation: 'process' } },
  );
  await manager.plugin<{ newlines(): void }>('flood').newlines();
  const printed = () => seen('log').filter(({ fields }) => fields.source === 'stderr').length;
  const dropped = () => seen('dropped').reduce((sum, { count }) => sum + count, 0);
  await until(() => printed() + dropped() === 200_000, 'the end of the flood');
  expect(printed()).toBeLessThan(100_000);
});
