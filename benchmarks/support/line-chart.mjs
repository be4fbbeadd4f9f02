import { chartFrame, escapeXml, roomFor } from './svg.mjs';

const WIDTH = 800;
const HEIGHT = 420;
const MARGIN = { top: 62, bottom: 48, left: 76 };
/** Between the lines and their names. */
const KEY = 72;
/** Numbers at the ends of lines that are nearer than this, across and up, would cover each other. */
const NEAR = { x: 16, y: 12 };
const COLOURS = [
  '#c2410c',
  '#1d4ed8',
  '#15803d',
  '#7e22ce',
  '#0f766e',
  '#a16207',
  '#be185d',
  '#4d7c0f',
  '#0369a1',
  '#57534e',
  '#b91c1c',
];
const TICKS = 6;

/**
 * @typedef {object} Line
 * @property {string} name
 * @property {boolean} [dashed]
 * @property {readonly { x: number, y: number, low?: number, high?: number }[]} points with fewer than two it is left out
 */

/**
 * An SVG line chart, from zero on the vertical axis. Lines have numbers, so that nobody depends on their colours.
 *
 * @param {object} chart
 * @param {string} chart.title
 * @param {string} chart.note what is better
 * @param {string} chart.x label of the horizontal axis
 * @param {string} chart.y label of the vertical axis
 * @param {Line[]} chart.lines
 */
export function lineChart({ title, note, x, y, lines }) {
  const numbered = lines.map((line, index) => ({ ...line, index })).filter((line) => line.points.length > 1);
  const points = numbered.flatMap((line) => line.points);
  const right = WIDTH - KEY - roomFor(lines.map(({ name }) => ({ text: name })));
  const bottom = HEIGHT - MARGIN.bottom;
  const across = scale(Math.max(...points.map((point) => point.x), 0), MARGIN.left, right);
  const up = scale(Math.max(...points.map((point) => point.high ?? point.y), 0), bottom, MARGIN.top);
  const grid = [
    ...up.ticks.map((value) => {
      const at = up.place(value);
      return `<path d="M${MARGIN.left} ${at}H${right}" stroke="#ddd"/>${text(MARGIN.left - 8, at + 4, value, 'end')}`;
    }),
    ...across.ticks.map((value) => text(across.place(value), bottom + 18, value, 'middle')),
  ];
  const drawn = numbered.flatMap(({ name, dashed, points: own, index }, row) => {
    const stroke = `stroke="${COLOURS[index % COLOURS.length]}" stroke-width="1.8"`;
    const dash = dashed ? ' stroke-dasharray="5 4"' : '';
    const path = own.map((point) => `${across.place(point.x)} ${up.place(point.y)}`).join('L');
    const ranges = own.flatMap(({ x: at, low, high }) =>
      low === undefined || high === undefined
        ? []
        : `M${across.place(at)} ${up.place(low)}V${up.place(high)}`,
    );
    const legend = MARGIN.top + 8 + row * 20;
    return [
      `<path d="M${path}" fill="none" ${stroke}${dash}/>`,
      ...(ranges.length > 0 ? [`<path d="${ranges.join('')}" ${stroke}/>`] : []),
      `<path d="M${right + 24} ${legend}h22" ${stroke}${dash}/>`,
      text(right + KEY - 6, legend + 4, index + 1, 'end'),
      text(right + KEY, legend + 4, name, 'start'),
    ];
  });
  const ends = numbered.map(({ points: own, index }) => {
    const end = own[own.length - 1];
    return { x: across.place(end.x) + 4, y: up.place(end.y) + 4, number: index + 1 };
  });
  const labels = [
    text((MARGIN.left + right) / 2, HEIGHT - 10, x, 'middle'),
    `<g transform="rotate(-90)">${text(-(MARGIN.top + bottom) / 2, 16, y, 'middle')}</g>`,
  ];
  return [
    ...chartFrame({ width: WIDTH, height: HEIGHT, title, note }),
    ...grid,
    ...drawn,
    // Over a white rim, since other lines may cross there.
    '<g stroke="#fff" stroke-width="4" stroke-linejoin="round" paint-order="stroke" font-weight="600">',
    ...apart(ends).map((end) => text(end.x, end.y, end.number, 'start')),
    '</g>',
    ...labels,
    '</svg>\n',
  ].join('\n');
}

/**
 * Moves those down that would cover another.
 *
 * @param {readonly { x: number, y: number, number: number }[]} ends
 */
function apart(ends) {
  /** @type {typeof ends[number][]} */
  const placed = [];
  for (const end of [...ends].sort((a, b) => a.y - b.y)) {
    const covered = placed.filter(({ x }) => Math.abs(x - end.x) < NEAR.x).map(({ y }) => y + NEAR.y);
    placed.push({ ...end, y: Math.max(end.y, ...covered) });
  }
  return placed;
}

/**
 * Zero to a round number, in round steps.
 *
 * @param {number} max
 * @param {number} from
 * @param {number} to
 */
function scale(max, from, to) {
  const rough = Math.max(max, 1) / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? rough;
  const count = Math.ceil(Math.max(max, 1) / step);
  const ticks = Array.from({ length: count + 1 }, (_, index) => index * step);
  const place = (/** @type {number} */ value) => round(from + ((to - from) * value) / (count * step));
  return { ticks, place };
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string | number} content
 * @param {'start' | 'middle' | 'end'} anchor
 */
function text(x, y, content, anchor) {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escapeXml(typeof content === 'number' ? content.toLocaleString('en') : content)}</text>`;
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}
