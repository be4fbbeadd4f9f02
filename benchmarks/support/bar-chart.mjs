import { escapeXml } from './line-chart.mjs';

const WIDTH = 800;
const ROW = 30;
const BAR = 16;
const TOP = 48;
const LEFT = 230;
const RIGHT = 110;

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
  const longest = Math.max(...bars.map(({ value, high = value }) => Math.max(value, high)), Number.MIN_VALUE);
  const place = (/** @type {number} */ value) =>
    Math.round((LEFT + ((WIDTH - LEFT - RIGHT) * value) / longest) * 10) / 10;
  const rows = bars.flatMap(({ label, value, low, high, own }, index) => {
    const y = TOP + index * ROW;
    const middle = y + BAR / 2;
    const end = place(high ?? value);
    return [
      `<text x="${LEFT - 10}" y="${middle + 4}" text-anchor="end"${own ? ' font-weight="600"' : ''}>${escapeXml(label)}</text>`,
      `<path d="M${LEFT} ${y}H${place(value)}v${BAR}H${LEFT}z" fill="${own ? '#c2410c' : '#94a3b8'}"/>`,
      ...(low === undefined || high === undefined
        ? []
        : [`<path d="M${place(low)} ${middle}H${place(high)}" stroke="#1e293b" stroke-width="1.5"/>`]),
      `<text x="${Math.max(end, place(value)) + 8}" y="${middle + 4}">${escapeXml(shown(value))}</text>`,
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" font-family="sans-serif" font-size="12">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="16" y="24" font-size="15" font-weight="600">${escapeXml(title)}</text>`,
    `<text x="${WIDTH - 16}" y="24" text-anchor="end" fill="#475569">${escapeXml(note)}</text>`,
    ...rows,
    '</svg>\n',
  ].join('\n');
}
