import { installAlternatives } from '../support/alternatives.mjs';
import { lineChart } from '../support/line-chart.mjs';
import { machine, printNotes, printTable, writeResult } from '../support/report.mjs';
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
      `Up to ${reloads} reloads of a plugin of ${name}, MB of the process and its children (Node ${process.version})`,
      ['', 'reloads', 'start', 'second half', 'KB each (95 %)', 'ms each (p99)', '2 GB at'],
      courses.filter(({ reloads }) => reloads > 0).map(row),
    );
    printNotes([
      ...courses.map((course) => ({ label: course.label, note: noteOn(course) })),
      ...ABSENT.map(({ label, why }) => ({ label, note: `cannot run: ${why}` })),
    ]);
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
  const { startMb, levelMb, growthKb, growthRangeKb, msPerReload, limitAt } = summarize(course);
  const [least, most] = [levelMb.min, levelMb.max].map((mb) => mb.toFixed(0));
  const [low, high] = [growthRangeKb.low, growthRangeKb.high].map((kb) => kb.toFixed(0));
  return [
    course.label,
    course.reloads,
    startMb.toFixed(0),
    `${least}–${most}`,
    // Of hardly any reloads nothing can be said.
    Number.isNaN(growthKb) ? '' : `${growthKb.toFixed(1)} (${low} to ${high})`,
    `${msPerReload.median.toFixed(1)} (${msPerReload.p99.toFixed(1)})`,
    shownLimit(limitAt),
  ];
}

/** @param {Course} course */
function noteOn({ stopped = '', unseen }) {
  return [stopped, unseen > 0 ? `${unseen} saves not seen` : ''].filter(Boolean).join('; ');
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
    title: `Memory over reloads of a plugin of ${size}, Node ${process.version}`,
    note: 'the process and its children, garbage collected; lower and flatter is better',
    x: 'reloads',
    y: 'MB',
    // Those that could not run keep their numbers and colours free: each has its own in all charts.
    lines: courses.map(({ name, label, points }) => ({
      name: label,
      dashed: !name.startsWith('bulkhead'),
      points: points.map(({ at, total }) => ({ x: at, y: total / MB })),
    })),
  });
}
