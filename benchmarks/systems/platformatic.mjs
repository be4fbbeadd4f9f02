/** Platformatic's runtime with one application, in a thread of its own that its watch mode replaces. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { alternativesFolder, importAlternative } from '../support/alternatives.mjs';
import { sourceOf, writeInPlace } from './sources.mjs';

const SCHEMAS = 'https://schemas.platformatic.dev/@platformatic';
const ASK_MS = 1_000;

/** @type {import('./system.mjs').Start} */
export async function start({ folder, bytes }) {
  const app = join(folder, 'app');
  const source = sourceOf(
    bytes,
    (version, compute) => `import { createServer } from 'node:http';
const compute = ${compute};
export const create = () => createServer((request, response) => { compute(1); response.end('${version}'); });`,
  );
  const save = (/** @type {number} */ version) => writeInPlace(join(app, 'plugin.mjs'), source(version));
  await mkdir(app);
  await save(0);
  await symlink(join(alternativesFolder, 'node_modules'), join(folder, 'node_modules'));
  await writeJson(join(folder, 'package.json'), { private: true });
  await writeJson(join(app, 'package.json'), { type: 'module', main: 'plugin.mjs' });
  await writeJson(join(app, 'watt.json'), {
    $schema: `${SCHEMAS}/node/3.65.0.json`,
    watch: { enabled: true },
  });
  await writeJson(join(folder, 'watt.json'), {
    $schema: `${SCHEMAS}/runtime/3.67.0.json`,
    entrypoint: 'app',
    watch: true,
    logger: { level: 'fatal' },
    applications: [{ id: 'app', path: './app' }],
  });
  process.chdir(folder);
  const { create } = await importAlternative('@platformatic/runtime');
  const runtime = await create(folder);
  await runtime.start();
  const ask = async () => {
    // Each restart has a port of its own.
    const response = await fetch(runtime.getUrl(), { signal: AbortSignal.timeout(ASK_MS) });
    return Number(await response.text());
  };
  return { save, ask, end: () => runtime.close() };
}

/**
 * @param {string} file
 * @param {unknown} content
 */
async function writeJson(file, content) {
  await writeFile(file, JSON.stringify(content));
}
