import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where the binaries of other Nodes are kept, one folder for each version. */
const CACHE = join(homedir(), '.cache', 'bulkhead-benchmarks');

/**
 * All of them, before anything is measured with the first.
 *
 * @param {readonly string[]} versions major versions, or exact ones
 */
export function binariesOf(versions) {
  const odd = versions.find((version) => !/^\d+(\.\d+){0,2}$/.test(version));
  if (odd !== undefined) throw new Error(`--node: '${odd}' is no version of Node`);
  return versions.map((version) => ({ version, node: nodeOf(version) }));
}

/**
 * Runs this very command on other versions of Node, one after the other.
 *
 * @param {ReturnType<typeof binariesOf>} binaries
 * @returns {number} the worst exit code
 */
export function runOnNodes(binaries) {
  const args = process.argv.slice(2).filter((arg, index, all) => !isNodeOption(arg, all[index - 1]));
  let worst = 0;
  for (const { version, node } of binaries) {
    process.stdout.write(`\n=== Node ${version}\n`);
    const { status } = spawnSync(node, [process.argv[1], ...args], { stdio: 'inherit' });
    worst = Math.max(worst, status ?? 1);
  }
  return worst;
}

/**
 * @param {string} arg
 * @param {string | undefined} before
 */
function isNodeOption(arg, before) {
  return arg === '--node' || arg.startsWith('--node=') || before === '--node';
}

/**
 * The binary of a version, from the package that carries it; downloaded the first time.
 *
 * @param {string} version
 */
function nodeOf(version) {
  if (version === process.versions.node.split('.')[0]) return process.execPath;
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const folder = join(CACHE, `node-${version}`);
  const binary = join(
    folder,
    'node_modules',
    name,
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  );
  if (existsSync(binary)) return binary;
  process.stderr.write(`installing Node ${version} to ${folder}\n`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{}');
  const { status } = spawnSync(
    'npm',
    ['install', '--no-audit', '--no-fund', '--silent', `${name}@${version}`],
    {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    },
  );
  if (status !== 0 || !existsSync(binary))
    throw new Error(`--node: Node ${version} could not be installed (npm install ${name}@${version})`);
  return binary;
}
