import { expect, it, onTestFinished } from 'vitest';
import { type HotReloadHost, HotReloadWatcher } from '#internal/reload/hot-reload';
import { gate } from '../support/gate.ts';
import { until } from '../support/workspace.ts';

/** A watcher that polls a host which finds what the test says. */
function polling(host: Partial<HotReloadHost>) {
  const texts: string[] = [];
  const watcher = new HotReloadWatcher(
    { enabled: true, debounceMs: 1, polling: true, pollMs: 5, sweepMs: 0 },
    {
      checkOpen: () => {},
      roots: [],
      look: async () => {},
      changedSince: async () => false,
      anticipate: async () => {},
      forgo: () => {},
      outOfDate: async () => '',
      inputs: () => [],
      watching: (_mode, _level, text) => void texts.push(text),
      ...host,
    },
  );
  onTestFinished(() => watcher.stop());
  return { watcher, texts };
}

it('looks once at the start, and again only for what is new to it', async () => {
  let looks = 0;
  let sweeps = 0;
  const finds = ['', 'a', 'a', 'a', 'b', 'b', ''];
  const { watcher } = polling({
    look: async () => void looks++,
    outOfDate: async () => {
      // Each finding is given time to be acted on before the next.
      await until(() => looks >= 1 + (sweeps > 1 ? 1 : 0) + (sweeps > 4 ? 1 : 0), 'the looks');
      return finds[sweeps++] ?? '';
    },
  });
  await watcher.start();
  await until(() => sweeps > finds.length + 2, 'the sweeps');
  expect(looks).toBe(3);
});

it('says so when it could not look, and does it at the next sweep', async () => {
  let looks = 0;
  const { watcher, texts } = polling({
    look: async () => {
      if (++looks <= 2) throw new Error('the store is locked');
    },
    outOfDate: async () => (looks <= 2 ? 'something' : ''),
  });
  await watcher.start();
  await until(() => looks === 3, 'the third look');
  expect(texts.filter((text) => text.includes('could not be looked at: the store is locked'))).toHaveLength(
    2,
  );
});

it('says so when it could not compare, and goes on', async () => {
  let sweeps = 0;
  let looks = 0;
  const { watcher, texts } = polling({
    look: async () => void looks++,
    outOfDate: async () => {
      if (++sweeps === 1) throw new Error('too many open files');
      return sweeps === 3 ? 'something' : '';
    },
  });
  await watcher.start();
  await until(() => looks === 2, 'the look for what was found afterwards');
  expect(texts).toContain('The files could not be compared: too many open files');
});

it('resolves stop when a look under way has ended, and looks no more', async () => {
  const { open, opened } = gate();
  const began: number[] = [];
  let ended = 0;
  const { watcher } = polling({
    look: async () => {
      began.push(performance.now());
      await opened;
      ended++;
    },
  });
  await watcher.start();
  await until(() => began.length === 1, 'the look');
  const stopped = watcher.stop().then(() => ended);
  watcher.lookAgain(0);
  open();
  expect(await stopped).toBe(1);
  expect(began).toHaveLength(1);
  expect(watcher.mode).toBe('off');
});

it('begins no look that waited for another when it was stopped', async () => {
  const { open, opened } = gate();
  let began = 0;
  let waits = 0;
  const { watcher } = polling({
    look: async () => {
      began++;
      await opened;
    },
    // It is asked for before each look.
    changedSince: async () => {
      waits++;
      return false;
    },
  });
  await watcher.start();
  await until(() => began === 1, 'the look');
  const before = waits;
  watcher.lookAgain(0);
  await until(() => waits > before, 'the next look');
  const stopped = watcher.stop();
  open();
  await stopped;
  expect(began).toBe(1);
});
