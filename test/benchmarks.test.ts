import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { summarize } from '../benchmarks/memory/course.mjs';
import { lineChart } from '../benchmarks/support/line-chart.mjs';
import { percentile, slope, slopeRange, withSpread } from '../benchmarks/support/statistics.mjs';

const MB = 1024 * 1024;

const scriptOf = (name: string) => fileURLToPath(new URL(`../benchmarks/${name}.mjs`, import.meta.url));

/** Refused before anything is measured. */
function refusal(script: string, ...args: string[]) {
  const file = scriptOf(script);
  const { status, stderr } = spawnSync(process.execPath, [file, ...args], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { status, text: stderr.split('\n')[0] };
}

/** Memory of a system after each reload. */
function course(megabytes: number[]) {
  const points = megabytes.map((mb, at) => ({ at, total: mb * MB, heapUsed: 0 }));
  return { name: 'x', label: 'X', points, reloads: points.length - 1, times: [1], unseen: 0 };
}

describe('the statistics of the benchmarks', () => {
  it('gives the value at the nearest rank', () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect([0, 0.5, 0.99, 1].map((share) => percentile(values, share))).toEqual([1, 50, 99, 100]);
  });

  it('finds the slope of a line in spite of odd samples, and between what it lies', () => {
    const points = Array.from({ length: 20 }, (_, x) => ({ x, y: 3 * x + (x === 7 ? 500 : x % 2) }));
    expect(slope(points)).toBeCloseTo(3, 0);
    const { low, high } = slopeRange(points);
    expect(low).toBeGreaterThan(2.5);
    expect(high).toBeLessThan(3.5);
  });

  it('shows decimals as long as they say something', () => {
    expect(withSpread([1.25, 99.94, 1234.5], 1)).toBe('99.9 (1.3–1235)');
  });
});

describe('the verdict on memory', () => {
  it('says when a system that grows has 2 GB', () => {
    const growing = summarize(course(Array.from({ length: 41 }, (_, reload) => 48 + reload)));
    expect(growing.growthKb).toBe(1024);
    expect(growing.limitAt).toEqual({ reload: 2000, reached: false });
  });

  it('says never of growth that may as well be noise', () => {
    const noisy = [900, 820, 940, 830, 910, 850, 890, 860, 935, 840, 905, 870, 945, 845, 915, 880];
    expect(summarize(course([...noisy, ...noisy])).limitAt).toBeUndefined();
  });

  it('says nothing of few samples', () => {
    expect(summarize(course([80, 90, 92, 94, 96, 98, 99])).limitAt).toBe('unknown');
  });
});

it('gives a line its number and colour, whether or not the others can be drawn', () => {
  const points = [1, 2].map((x) => ({ x, y: x }));
  const draw = (first: typeof points) =>
    lineChart({
      title: '',
      note: '',
      x: '',
      y: '',
      lines: [first, points].map((own) => ({ name: 'n', points: own })),
    });
  const second = /stroke="(#1d4ed8)"/;
  expect(second.exec(draw(points))?.[1]).toBe(second.exec(draw([]))?.[1]);
  expect(draw([])).toContain('>2</text>');
});

it('refuses what makes no sense before it measures', () => {
  expect(refusal('calls', '--node', '20,abc')).toEqual({
    status: 2,
    text: "--node: 'abc' is no version of Node",
  });
  expect(refusal('memory', '--systems', '').text).toMatch(/^--systems: there is no ''; there are bulkhead,/);
  expect(refusal('calls', '--rounds', '0').text).toBe("--rounds needs a whole number from 1, got '0'");
});

/** Command lines of the processes that work in a folder. */
async function processesIn(folder: string) {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line.includes(folder));
}

it.runIf(process.platform === 'linux')(
  'leaves nothing behind when it is stopped',
  { timeout: 60_000 },
  async () => {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'bulkhead-test-')));
    const systems = 'bulkhead-process,node-watch';
    const args = ['--quick', '--parts', 'compare', '--edits', '1000', '--systems', systems];
    const run = spawn(process.execPath, [scriptOf('reload'), ...args], {
      env: { ...process.env, TMPDIR: folder },
      stdio: 'ignore',
    });
    onTestFinished(async () => {
      run.kill('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    });
    // That of the system which is started last.
    const bots = async () => (await processesIn(folder)).filter((line) => line.includes('bot.mjs'));
    await expect.poll(bots, { timeout: 30_000 }).not.toEqual([]);
    run.kill('SIGINT');
    expect(await once(run, 'exit')).toEqual([130, null]);
    await expect.poll(() => processesIn(folder), { timeout: 20_000 }).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  },
);
