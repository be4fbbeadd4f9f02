import { expect, it } from 'vitest';
import type { Slot } from '#internal/isolate/slot';
import { unlessStopped } from '#internal/reload/unless-stopped';
import { gate } from '../support/gate.ts';

type Waiting = Pick<Slot, 'name' | 'lastGeneration' | 'stopsWanted' | 'wait'>;

function waiting(stopsWanted: number): Waiting {
  return { name: 'p', lastGeneration: 1, stopsWanted, wait: undefined };
}

it.each([
  ['that comes while it waits', 0],
  ['that was wanted before', 1],
])(
  'gives up files that do not answer because of a stop %s, and lets go of what comes too late',
  async (_when, before) => {
    const slot = waiting(before);
    const { open, opened } = gate<string>();
    const late: string[] = [];
    const waited = unlessStopped(slot as Slot, opened, (text) => void late.push(text));
    if (before === 0) slot.wait?.interrupt();
    await expect(waited).rejects.toMatchObject({ code: 'ERR_PLUGIN_STOPPED' });
    expect(slot.wait).toBeUndefined();
    open('built');
    await expect.poll(() => late).toEqual(['built']);
  },
);

it('gives what comes soon, stop or not', async () => {
  const slot = waiting(1);
  await expect(unlessStopped(slot as Slot, Promise.resolve('built'))).resolves.toBe('built');
});
