import { chartFrame, escapeXml, roomFor } from './svg.mjs';

const WIDTH = 800;
const HEIGHT = 420;
const MARGIN = { top: 48, bottom: 48, left: 64 };
/** Between the lines and their names. */
const KEY = 40;
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
 * An SVG line chart, from zero on the vertical axis.
 *
 * @param {object} chart
 * @param {string} chart.title
 * @param {string} chart.x label of the horizontal axis
 * @param {string} chart.y label of the vertical axis
 * @param {{ name: string, dashed?: boolean, points: readonly { x: number, y: number }[] }[]} chart.lines
 */
export function lineChart({ title, x, y, lines }) {
  const points = lines.flatMap((line) => line.points);
  const right = WIDTH - KEY - roomFor(lines.map(({ name }) => ({ text: name })));
  const bottom = HEIGHT - MARGIN.bottom;
  const across = scale(Math.max(...points.map((point) => point.x)), MARGIN.left, right);
  const up = scale(Math.max(...points.map((point) => point.y)), bottom, MARGIN.top);
  const grid = [
    ...up.ticks.map((value) => {
      const at = up.place(value);
      return `<path d="M${MARGIN.left} ${at}H${right}" stroke="#ddd"/>${text(MARGIN.left - 8, at + 4, value, 'end')}`;
    }),
    ...across.ticks.map((value) => text(across.place(value), bottom + 18, value, 'middle')),
  ];
  const drawn = lines.flatMap(({ name, dashed, points: own }, index) => {
    const colour = COLOURS[index % COLOURS.length];
    const dash = dashed ? ' stroke-dasharray="5 4"' : '';
    const path = own.map((point) => `${across.place(point.x)} ${up.place(point.y)}`).join('L');
    const legend = MARGIN.top + 8 + index * 20;
    return [
      `<path d="M${path}" fill="none" stroke="${colour}" stroke-width="1.8"${dash}/>`,
      `<path d="M${right + 12} ${legend}h22" stroke="${colour}" stroke-width="1.8"${dash}/>`,
      text(right + KEY, legend + 4, name, 'start'),
    ];
  });
  const labels = [
    text((MARGIN.left + right) / 2, HEIGHT - 10, x, 'middle'),
    `<g transform="rotate(-90)">${text(-(MARGIN.top + bottom) / 2, 16, y, 'middle')}</g>`,
  ];
  return [
    ...chartFrame({ width: WIDTH, height: HEIGHT, title }),
    ...grid,
    ...drawn,
    ...labels,
    '</svg>\n',
  ].join('\n');
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
