import { installAlternatives } from '../support/alternatives.mjs';
import { lineChart } from '../support/line-chart.mjs';
import { machine, printTable, writeResult } from '../support/report.mjs';
import { ABSENT, takingPart } from '../systems/catalogue.mjs';
import { follow, summarize } from './course.mjs';

const MB = 1024 * 1024;
export const SIZES = [
  { name: '135 KB', key: '135kb', bytes: 135 * 1024 },
  { name: '8 MB', key: '8mb', bytes: 8 * MB },
];

/** Further than this nobody should extrapolate, reloads. */
const FAR = 100_000;

/** How a course ends that ought not to. */
const FAILED = /^(failed|cannot run)/;

/** @typedef {import('./course.mjs').Course} Course */

/**
 * The same plugin reloaded over and over in each system: how its memory goes.
 *
 * @param {{ reloads: number, samples: number, minutes: number, systems: string[], sizes: string[] }} run
 */
export async function compareMemory({ reloads, samples, minutes, systems, sizes }) {
  const entries = takingPart('memory').filter(({ name }) => systems.includes(name));
  if (entries.some(({ installed }) => installed)) installAlternatives();
  for (const { name, key, bytes } of SIZES.filter((size) => sizes.includes(size.key))) {
    const file = `memory-${key}`;
    /** @type {Course[]} */
    const courses = [];
    for (const entry of entries) {
      courses.push(await follow(entry, { bytes, reloads, samples, longestMs: minutes * 60_000 }));
    }
    printTable(
      `Up to ${reloads} reloads of a ${name} plugin, process and children together (Node ${process.version})`,
      ['', 'reloads', 'MB start', 'second half', 'KB each', 'ms each (p99)', '2 GB at reload', ''],
      [
        ...courses.map(row),
        ...ABSENT.map(({ label, why }) => [label, 0, '', '', '', '', '', `cannot run: ${why}`]),
      ],
    );
    // Of the others it is a finding.
    if (courses.some(({ name, stopped = '' }) => name.startsWith('bulkhead') && FAILED.test(stopped)))
      process.exitCode = 1;
    const results = courses.map((course) => ({ ...course, times: undefined, summary: summarize(course) }));
    await writeResult(`${file}.json`, { ...machine(), reloads, minutes, bytes, results });
    await writeResult(`${file}.svg`, chart(name, courses));
  }
}

/** @param {Course} course */
function row(course) {
  const { label, reloads, stopped = '', unseen } = course;
  const { startMb, levelMb, growthKb, msPerReload, limitAt } = summarize(course);
  if (reloads === 0) return [label, 0, '', '', '', '', '', stopped];
  const { min, max } = levelMb;
  const notes = [stopped, unseen > 0 ? `${unseen} saves not seen` : ''].filter(Boolean);
  return [
    label,
    reloads,
    startMb.toFixed(0),
    `${min.toFixed(0)}–${max.toFixed(0)}`,
    // Of hardly any reloads nothing can be said.
    Number.isNaN(growthKb) ? '' : growthKb.toFixed(1),
    `${msPerReload.median.toFixed(1)} (${msPerReload.p99.toFixed(1)})`,
    shownLimit(limitAt),
    notes.join('; '),
  ];
}

/** @param {ReturnType<typeof summarize>['limitAt']} limitAt */
function shownLimit(limitAt) {
  if (limitAt === undefined) return 'never';
  if (typeof limitAt === 'string') return limitAt;
  if (limitAt.reached) return `${limitAt.reload}`;
  return limitAt.reload > FAR ? `> ${FAR}` : `~ ${limitAt.reload}`;
}

/**
 * @param {string} size
 * @param {Course[]} courses
 */
function chart(size, courses) {
  return lineChart({
    title: `Memory while a ${size} plugin is reloaded, Node ${process.version}`,
    x: 'reloads',
    y: 'MB',
    lines: courses
      .filter(({ points }) => points.length > 1)
      .map(({ name, label, points }) => ({
        name: label,
        dashed: !name.startsWith('bulkhead'),
        points: points.map(({ at, total }) => ({ x: at, y: total / MB })),
      })),
  });
}
