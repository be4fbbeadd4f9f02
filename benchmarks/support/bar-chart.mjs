import { chartFrame, escapeXml, roomFor } from './svg.mjs';

const WIDTH = 800;
const ROW = 30;
const BAR = 16;
const TOP = 62;
const RIGHT = 90;

/**
 * An SVG chart of horizontal bars from zero, the shortest possible way to compare: a label, a bar, its value, and a thin line
 * from the lowest to the highest where these are known.
 *
 * @param {object} chart
 * @param {string} chart.title
 * @param {string} chart.note what is better, and the unit
 * @param {(value: number) => string} chart.shown
 * @param {{ label: string, value: number, low?: number, high?: number, own?: boolean }[]} chart.bars
 */
export function barChart({ title, note, shown, bars }) {
  const height = TOP + bars.length * ROW + 12;
  const left = 26 + roomFor(bars.map(({ label, own }) => ({ text: label, bold: own })));
  const longest = Math.max(...bars.map(({ value, high = value }) => Math.max(value, high)), Number.MIN_VALUE);
  const place = (/** @type {number} */ value) =>
    Math.round((left + ((WIDTH - left - RIGHT) * value) / longest) * 10) / 10;
  const rows = bars.flatMap(({ label, value, low, high, own }, index) => {
    const y = TOP + index * ROW;
    const middle = y + BAR / 2;
    const end = place(high ?? value);
    return [
      `<text x="${left - 10}" y="${middle + 4}" text-anchor="end"${own ? ' font-weight="600"' : ''}>${escapeXml(label)}</text>`,
      `<path d="M${left} ${y}H${place(value)}v${BAR}H${left}z" fill="${own ? '#c2410c' : '#94a3b8'}"/>`,
      ...(low === undefined || high === undefined
        ? []
        : [`<path d="M${place(low)} ${middle}H${place(high)}" stroke="#1e293b" stroke-width="1.5"/>`]),
      `<text x="${Math.max(end, place(value)) + 8}" y="${middle + 4}">${escapeXml(shown(value))}</text>`,
    ];
  });
  return [...chartFrame({ width: WIDTH, height, title, note }), ...rows, '</svg>\n'].join('\n');
}
