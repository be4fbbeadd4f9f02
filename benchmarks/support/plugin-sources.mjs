/** How large a large plugin is, in bytes of source. */
export const LARGE = 135 * 1024;

/**
 * A plugin as short as they come: one function, one subscription.
 *
 * @param {{ name: string, version: number, swap?: 'handover' | 'overlap' }} options
 */
export function smallPlugin({ name, version, swap = 'handover' }) {
  return `import { definePlugin } from 'bulkhead/plugin';

export default definePlugin({
  name: '${name}', version: '1.0.${version}', swap: '${swap}',
  setup(ctx) {
    ctx.on('chat.message', (message: { text: string }) => message.text.length);
    return { version: () => ${version} };
  },
});
`;
}

/**
 * A plugin of {@link LARGE} bytes: functions and tables that all are in use, so that no bundler leaves them out.
 *
 * @param {{ name: string, version: number, setup?: string, api?: string }} options statements for `setup`, and properties
 *   for what it returns
 */
export function largePlugin({ name, version, setup = '', api = '' }) {
  const definition = `
export default definePlugin({
  name: '${name}', version: '1.0.${version}',
  setup(ctx) {
${setup}
    const compute = (n: number) => parts.reduce((sum, part) => sum + part(n), 0);
    return { version: () => ${version}, compute, ${api} };
  },
});
`;
  return `import { definePlugin } from 'bulkhead/plugin';\n${partsOfSize(LARGE - definition.length)}${definition}`;
}

/**
 * Plain JavaScript of about so many bytes, with a list `parts` of its functions.
 *
 * @param {number} bytes
 */
export function partsOfSize(bytes) {
  let source = '';
  let count = 0;
  for (; source.length < bytes; count++) source += part(count);
  const list = Array.from({ length: count }, (_, index) => `part${index}`);
  return `${source}const parts = [${list.join()}];\n`;
}

/**
 * About a kilobyte: a table, and a function that works with it.
 *
 * @param {number} index
 */
function part(index) {
  const rows = Array.from(
    { length: 8 },
    (_, row) =>
      `  { id: ${index * 8 + row}, word: '${word(index * 8 + row)}', weight: ${(index + 1) * (row + 3)}, tags: ['t${row}', 'g${index}'] },`,
  );
  return `const table${index} = [
${rows.join('\n')}
];
function part${index}(n) {
  const wanted = table${index}.filter((row) => row.weight % 7 !== n % 7 && row.tags.length > 0);
  let result = n;
  for (const { id, word, weight } of wanted) {
    result = (result * 31 + weight * word.length + id) % 1_000_003;
    if (result % 2 === 0) result += word.charCodeAt(result % word.length);
  }
  return result;
}
`;
}

/** @param {number} seed */
function word(seed) {
  return [...String(seed * 7919)].map((digit) => 'plugin-words'[Number(digit)]).join('') + seed.toString(36);
}
