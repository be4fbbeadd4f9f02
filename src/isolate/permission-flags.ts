import { readdir, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BulkheadError } from '../errors.ts';
import { isDenied, type Permissions } from '../permissions.ts';
import { isInside } from '../source/restrictions.ts';

/** Everything a thread loads before, and beside, the plugin. */
const OWN_CODE = [
  fileURLToPath(new URL('..', import.meta.url)),
  dirname(fileURLToPath(import.meta.resolve('piscina'))),
];
/** How many files are looked at for links; more are refused rather than not looked at. */
const MAX_ENTRIES = 200_000;
/** So many steps are followed to where nothing is yet. */
const MAX_LINKS = 100;

export interface PermissionContext {
  /** Name of the plugin, for errors. */
  plugin: string;
  tier: 'thread' | 'process';
  /** Where builds are: the plugin itself is read from there. */
  buildDirectory: string;
}

/**
 * The command line with which Node keeps to the permissions, for a thread.
 *
 * @throws {BulkheadError} `ERR_PERMISSIONS` if this Node cannot enforce one, or a root has links that lead out of all roots.
 */
export async function permissionFlags(
  permissions: Permissions | undefined,
  context: PermissionContext,
): Promise<string[]> {
  if (permissions === undefined || Object.keys(permissions).length === 0) return [];
  const flags = [
    has('--permission') ? '--permission' : '--experimental-permission',
    '--disable-warning=ExperimentalWarning',
    '--disable-warning=SecurityWarning',
  ];
  const { read, write } = permissions;
  for (const key of ['read', 'write'] as const) {
    // Node grants every thread the working directory of its process.
    if (permissions[key] !== undefined && context.tier === 'thread')
      throw refused(context, key, "files cannot be kept from a thread; it needs isolation: 'process'");
  }
  const readable = [...OWN_CODE, context.buildDirectory, ...(await rootsOf(read, 'read', context))];
  flags.push(...(await allowPaths('--allow-fs-read', read && readable)));
  flags.push(...(await allowPaths('--allow-fs-write', write && (await rootsOf(write, 'write', context)))));
  if (!isDenied(permissions, 'childProcess')) flags.push('--allow-child-process');
  if (!isDenied(permissions, 'worker')) flags.push('--allow-worker');
  if (!isDenied(permissions, 'addons')) flags.push('--allow-addons', ...ifKnown('--allow-ffi'));
  if (!isDenied(permissions, 'net')) flags.push(...ifKnown('--allow-net'));
  else if (!has('--allow-net') && context.tier === 'process') {
    throw refused(
      context,
      'net',
      `Node ${process.versions.node} cannot enforce it; it needs Node 25 or newer`,
    );
  }
  if (read === undefined && write === undefined) flags.push('--allow-wasi');
  return flags;
}

function has(flag: string): boolean {
  return process.allowedNodeEnvironmentFlags.has(flag);
}

function ifKnown(flag: string): string[] {
  return has(flag) ? [flag] : [];
}

/**
 * A directory by a pattern alone, which includes itself: Node 20 aborts if it is given both. What is not there yet, too: the
 * plugin may make a directory of it. But if a longer name begins with it as a text, Node no longer takes the pattern for the
 * path itself: then it may only become a file, as `x.db` beside `x.db-wal`.
 */
async function allowPaths(flag: string, roots: string[] | undefined): Promise<string[]> {
  if (roots === undefined) return [`${flag}=*`];
  const beginsOther = (root: string) =>
    roots.some((other) => other !== root && other.startsWith(root) && !isInside(other, root));
  const patterns = roots.map(async (root) => {
    const kind = await kindOf(root);
    return kind === 'file' || (kind === 'nothing' && beginsOther(root)) ? root : join(root, '*');
  });
  return (await Promise.all(patterns)).map((pattern) => `${flag}=${pattern}`);
}

async function kindOf(path: string): Promise<'file' | 'directory' | 'nothing'> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return 'nothing';
  return found.isDirectory() ? 'directory' : 'file';
}

/** The roots as they are written, and where they really are. */
async function rootsOf(
  paths: string[] | undefined,
  key: 'read' | 'write',
  context: PermissionContext,
): Promise<string[]> {
  const roots = new Set<string>();
  for (const path of paths ?? []) {
    const root = resolve(path);
    if (/[*,]/.test(root))
      throw refused(
        context,
        key,
        `'${root}' has a '*' or a ',' in its name, which Node takes for more than that`,
      );
    roots.add(root).add(await realpath(root).catch(() => root));
  }
  const state = { left: MAX_ENTRIES };
  // Nothing leads out of everything.
  if ([...roots].some((root) => dirname(root) === root)) return [...roots];
  for (const root of roots) await checkLinks(root, roots, { key, context, state });
  return [...roots];
}

interface LinkCheck {
  key: 'read' | 'write';
  context: PermissionContext;
  state: { left: number };
}

/** Node follows a link inside a root, wherever it leads. */
async function checkLinks(directory: string, roots: ReadonlySet<string>, check: LinkCheck): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  check.state.left -= entries.length;
  if (check.state.left < 0)
    throw refused(
      check.context,
      check.key,
      `its roots hold more than ${MAX_ENTRIES} files; name smaller ones`,
    );
  for (const entry of entries) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await checkLinks(path, roots, check);
    if (!entry.isSymbolicLink()) continue;
    const target = await destination(path);
    if (target === undefined || [...roots].some((root) => isInside(target, root))) continue;
    throw refused(
      check.context,
      check.key,
      `the link '${path}' leads out, to '${target}'; remove it or add that`,
    );
  }
}

/** Where a path leads, although nothing may be there yet; `undefined` for links in a circle. */
async function destination(path: string, links = MAX_LINKS): Promise<string | undefined> {
  const found = await realpath(path).catch(() => undefined);
  if (found !== undefined) return found;
  if (links === 0) return undefined;
  const parent = await destination(dirname(path), links - 1);
  if (parent === undefined) return undefined;
  const target = await readlink(path).catch(() => undefined);
  return target === undefined
    ? join(parent, basename(path))
    : destination(resolve(parent, target), links - 1);
}

function refused({ plugin }: PermissionContext, key: string, why: string): BulkheadError {
  return new BulkheadError('ERR_PERMISSIONS', `permissions.${key} of plugin '${plugin}': ${why}`, { plugin });
}
