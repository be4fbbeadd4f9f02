import { writeFileSync } from 'node:fs';
import { partsOfSize } from '../support/plugin-sources.mjs';

/** How many plugins run beside the one that is saved, where save to serving is measured. */
export const NEIGHBOURS = 9;
/** Code that is in use: nothing may leave it out. */
const COMPUTE = '(n) => parts.reduce((sum, part) => sum + part(n), 0)';

/**
 * The same plugin for every system: so many bytes of code, and a function that says its version.
 *
 * @param {number} bytes
 * @param {(version: number, compute: string) => string} wrap what makes it a plugin of that system
 * @returns {(version: number) => string}
 */
export function sourceOf(bytes, wrap) {
  const parts = partsOfSize(bytes);
  return (version) => `${parts}${wrap(version, COMPUTE)}\n`;
}

/** @param {number} bytes */
export function moduleSource(bytes) {
  return sourceOf(
    bytes,
    (version, compute) => `export const compute = ${compute};\nexport const version = () => ${version};`,
  );
}

/** @param {number} bytes */
export function commonJsSource(bytes) {
  return sourceOf(
    bytes,
    (version, compute) => `exports.compute = ${compute};\nexports.version = () => ${version};`,
  );
}

/**
 * As many editors save. All at once: not every system waits until a file is whole, and here its own process writes it.
 *
 * @param {string} file
 * @param {string} content
 */
export async function writeInPlace(file, content) {
  writeFileSync(file, content);
}
