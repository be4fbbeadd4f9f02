import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { basename, join, parse, resolve } from 'node:path';
import { BulkheadError } from '../errors.ts';

/** Something in a plugin directory that is meant to be a plugin. */
export interface Discovered {
  /** The file's or folder's name, without extension. */
  id: string;
  /** The file or folder in the plugin directory. */
  path: string;
  /** The module to build, absent if there is a problem. */
  entry?: string;
  /** Why this cannot be loaded. `incomplete` is a folder that may be in the middle of being written. */
  problem?: { error: BulkheadError; incomplete: boolean };
}

export interface Discovery {
  plugins: Discovered[];
  /** Plugin directories that are not there, or cannot be read. */
  missing: string[];
}

const EXTENSIONS = ['.ts', '.mts', '.js', '.mjs', '.cjs'];
const ID = /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u;
/** What editors leave beside a file while they save it. */
const EDITOR_FILES = /(~|\.sw[a-p]|\.tmp|\.bak|\.orig|\.crdownload|___jb_(tmp|old)___)$|^#/;

/** Looks at the plugin directories; whatever is wrong with one entry does not hide the others. */
export async function discover(directories: readonly string[]): Promise<Discovery> {
  const found: Discovery = { plugins: [], missing: [] };
  for (const directory of directories) {
    try {
      for (const name of (await readdir(directory)).sort()) {
        const plugin = await inspect(directory, name);
        if (plugin !== undefined) found.plugins.push(plugin);
      }
    } catch {
      found.missing.push(directory);
    }
  }
  return found;
}

/** Whether a name in a plugin directory can be that of a plugin file or folder. */
export function isPluginName(name: string): boolean {
  return !/^[._]/.test(name) && name !== 'node_modules' && !EDITOR_FILES.test(name);
}

async function inspect(directory: string, name: string): Promise<Discovered | undefined> {
  if (!isPluginName(name)) return undefined;
  const path = join(directory, name);
  let isDirectory: boolean;
  try {
    isDirectory = (await stat(path)).isDirectory();
  } catch (cause) {
    return isPluginFile(name) || parse(name).ext === '' ? await unreachable(path, cause) : undefined;
  }
  if (!isDirectory && !isPluginFile(name)) return undefined;
  const id = (isDirectory ? name : parse(name).name).normalize('NFC');
  if (!ID.test(id)) return { id, path, problem: problem(badName(path, id)) };
  if (!isDirectory) return { id, path, entry: path };
  const entry = await folderEntry(path);
  return typeof entry === 'string' ? { id, path, entry } : { id, path, problem: entry };
}

function isPluginFile(name: string): boolean {
  return EXTENSIONS.includes(parse(name).ext) && !/\.d\.[mc]?ts$|\.(test|spec)\.[mc]?[jt]s$/.test(name);
}

async function folderEntry(folder: string): Promise<string | NonNullable<Discovered['problem']>> {
  const fromPackage = await packageEntry(folder);
  if (fromPackage !== undefined) return fromPackage;
  for (const extension of EXTENSIONS) {
    const entry = join(folder, `index${extension}`);
    if (await isFile(entry)) return entry;
  }
  return problem(
    new BulkheadError(
      'ERR_PLUGIN_ENTRY',
      `The folder '${folder}' has no index${EXTENSIONS.join(', index')} and no package.json whose "main" or "exports" names a file. ` +
        'Add one, or start the name of the folder with _ if it is not a plugin.',
    ),
    true,
  );
}

async function packageEntry(
  folder: string,
): Promise<string | NonNullable<Discovered['problem']> | undefined> {
  const file = join(folder, 'package.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
  try {
    const { exports, main } = JSON.parse(text) as { exports?: unknown; main?: unknown };
    const target = exportTarget(exports) ?? (typeof main === 'string' ? main : undefined);
    if (target === undefined) return undefined;
    const entry = resolve(folder, target);
    if (await isFile(entry)) return entry;
    return problem(
      new BulkheadError('ERR_PLUGIN_ENTRY', `'${file}' names '${target}' as its entry, which is not there`),
      true,
    );
  } catch (cause) {
    return problem(
      new BulkheadError('ERR_PLUGIN_ENTRY', `'${file}' is not valid JSON: ${(cause as Error).message}`, {
        cause,
      }),
      true,
    );
  }
}

/** The file behind "." for `import` in Node, out of a package's "exports". */
function exportTarget(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports;
  if (typeof exports !== 'object' || exports === null) return undefined;
  const conditions = exports as Record<string, unknown>;
  for (const key of Object.keys(conditions)) {
    if (['.', 'node', 'import', 'default'].includes(key)) {
      const target = exportTarget(conditions[key]);
      if (target !== undefined) return target;
    }
  }
  return undefined;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

async function unreachable(path: string, cause: unknown): Promise<Discovered> {
  const target = await readlink(path).catch(() => undefined);
  const text =
    target === undefined
      ? `'${path}' cannot be read: ${(cause as Error).message}`
      : `'${path}' is a link to '${target}', which cannot be reached: ${(cause as Error).message}`;
  return {
    id: parse(basename(path)).name.normalize('NFC'),
    path,
    problem: problem(new BulkheadError('ERR_PLUGIN_ENTRY', text, { cause }), true),
  };
}

function badName(path: string, id: string): BulkheadError {
  return new BulkheadError(
    'ERR_PLUGIN_ENTRY',
    `'${path}' cannot be a plugin because of its name ${JSON.stringify(id)}; expected 1 to 64 letters, digits, '-', '_' or '.', ` +
      'starting with a letter or digit, without spaces. Rename it, or start its name with _ if it is not a plugin.',
  );
}

function problem(error: BulkheadError, incomplete = false): NonNullable<Discovered['problem']> {
  return { error, incomplete };
}
