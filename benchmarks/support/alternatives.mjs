import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const FOLDER = new URL('../alternatives/', import.meta.url);

export const alternativesFolder = fileURLToPath(FOLDER);

/** Resolves and loads packages from the place where the alternatives are installed. */
export const requireAlternative = createRequire(new URL('package.json', FOLDER));

/** @param {string} name */
export function alternativePath(name) {
  return requireAlternative.resolve(name);
}

/**
 * @param {string} name of a package, or an entry of one
 * @returns {Promise<any>}
 */
export function importAlternative(name) {
  return import(pathToFileURL(alternativePath(name)).href);
}

/** Installs the alternatives, if that was not done before. They are not among the dependencies of Bulkhead. */
export function installAlternatives() {
  if (existsSync(new URL('node_modules/.package-lock.json', FOLDER))) return;
  process.stderr.write('installing the alternatives, once\n');
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--loglevel=error'], {
    cwd: alternativesFolder,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (status !== 0)
    throw new Error('the alternatives could not be installed (npm ci in benchmarks/alternatives)');
}
