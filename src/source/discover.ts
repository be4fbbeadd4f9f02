import type { Dirent, Stats } from 'node:fs';
import { readdir, readlink, stat } from 'node:fs/promises';
import { basename, join, parse, resolve } from 'node:path';
import { asError, BulkheadError, codeOf } from '../errors.ts';
import { isFile, readSettings } from './files.ts';

/** Where a plugin lies. */
export interface Place {
  /** The file or folder in the plugin directory. */
  path: string;
  /** The module to build; of what cannot be loaded as it is, the same as `path`. */
  entry: string;
  /** Why it cannot be loaded as it is. */
  problem?: BulkheadError | undefined;
}

/** Something in a plugin directory that is meant to be a plugin. */
export interface Discovered extends Place {
  /** The file's or folder's name, without extension. */
  id: string;
}

export interface Discovery {
  plugins: Discovered[];
  /** Plugin directories that are not there. */
  missing: string[];
  /** Those that cannot be read, and why: nothing is known of what is in them. */
  unreadable: Map<string, Error>;
}

const EXTENSIONS = ['.ts', '.mts', '.js', '.mjs', '.cjs'];
/** Of the index of a folder. */
const INDEX_EXTENSIONS = [...EXTENSIONS, '.cts', '.tsx', '.jsx'];
const ID = /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u;
/** What editors leave beside a file while they save it. */
const EDITOR_FILES = /(~|\.sw[a-p]|\.tmp|\.bak|\.orig|\.crdownload|___jb_(tmp|old)___)$|^#/;

/** Any other error, such as `EMFILE` or `EIO`, says nothing about what there is. */
const NOT_THERE = new Set<string | undefined>(['ENOENT', 'ENOTDIR', 'ELOOP']);

/** Looks at the plugin directories; whatever is wrong with one entry does not hide the others. */
export async function discover(directories: readonly string[]): Promise<Discovery> {
  const found: Discovery = { plugins: [], missing: [], unreadable: new Map() };
  for (const directory of directories) {
    try {
      for (const entry of (await readdir(directory, { withFileTypes: true })).sort(byName)) {
        const plugin = await inspect(directory, entry);
        if (plugin !== undefined) found.plugins.push(plugin);
      }
    } catch (error) {
      if (NOT_THERE.has(codeOf(error))) found.missing.push(directory);
      else found.unreadable.set(directory, asError(error));
    }
  }
  return found;
}

/**
 * Where a plugin lies by now, if not where it was found: nobody may have looked since. Nothing if it is nowhere, or cannot be
 * loaded as it lies there.
 */
export async function movedTo(
  { id, path, entry }: Discovered,
  directories: readonly string[],
): Promise<Discovered | undefined> {
  if ((isFile(path) ? path : folderEntry(path)) === entry) return undefined;
  const { plugins } = await discover(directories);
  const candidates = plugins.filter((each) => each.id === id && each.problem === undefined);
  return candidates.find((each) => each.path === path) ?? candidates[0];
}

/** Whether a name in a plugin directory can be that of a plugin file or folder. */
function isPluginName(name: string): boolean {
  return !/^[._]/.test(name) && name !== 'node_modules' && !EDITOR_FILES.test(name);
}

function byName(a: Dirent, b: Dirent): number {
  return a.name < b.name ? -1 : 1;
}

async function inspect(directory: string, entry: Dirent): Promise<Discovered | undefined> {
  const { name } = entry;
  if (!isPluginName(name)) return undefined;
  const path = join(directory, name);
  let stats: Dirent | Stats = entry;
  try {
    // Only of a link, or where the file system does not tell, has more to be asked.
    if (!entry.isFile() && !entry.isDirectory()) stats = await stat(path);
  } catch (cause) {
    return await unreachable(path, cause);
  }
  const isDirectory = stats.isDirectory();
  if (!isDirectory && !isPluginFile(name)) return undefined;
  const id = idOf(name, isDirectory);
  const found = { id, path, entry: path };
  if (!ID.test(id)) return { ...found, problem: badName(path, id) };
  if (!isDirectory && !stats.isFile())
    return { ...found, problem: refusal(`'${path}' is no regular file; expected a module.`) };
  if (!isDirectory) return found;
  const module = folderEntry(path);
  return typeof module === 'string' ? { ...found, entry: module } : { ...found, problem: module };
}

function idOf(name: string, isDirectory: boolean): string {
  return (isDirectory ? name : parse(name).name).normalize('NFC');
}

function isPluginFile(name: string): boolean {
  return EXTENSIONS.includes(parse(name).ext) && !/\.d\.[mc]?ts$|\.(test|spec)\.[mc]?[jt]s$/.test(name);
}

function folderEntry(folder: string): string | BulkheadError {
  const fromPackage = packageEntry(folder);
  if (fromPackage !== undefined) return fromPackage;
  const index = indexFiles(folder).find(isFile);
  if (index !== undefined) return index;
  return refusal(
    `The folder '${folder}' has no index${INDEX_EXTENSIONS.join(', index')} and no package.json whose "main" or "exports" names a file. ` +
      'Add one, or start the name of the folder with _ if it is not a plugin.',
  );
}

function packageEntry(folder: string): string | BulkheadError | undefined {
  const file = join(folder, 'package.json');
  let text: string | undefined;
  try {
    text = readSettings(file);
  } catch (cause) {
    return refusal(`The folder '${folder}' cannot be read: ${(cause as Error).message}`, cause);
  }
  if (text === undefined) return undefined;
  let content: { exports?: unknown; main?: unknown } | null;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    return refusal(`'${file}' is not valid JSON: ${(cause as Error).message}`, cause);
  }
  const exported = exportTarget(content?.exports);
  const target = exported ?? content?.main;
  if (typeof target !== 'string') return undefined;
  const path = resolve(folder, target);
  const entry = (exported === undefined ? [path, ...modulesAt(path)] : [path]).find(isFile);
  return entry ?? refusal(`'${file}' names '${target}' as its entry, which is not there.`);
}

/** What `main` may leave out. */
function modulesAt(path: string): string[] {
  return [...EXTENSIONS.map((extension) => path + extension), ...indexFiles(path)];
}

function indexFiles(folder: string): string[] {
  return INDEX_EXTENSIONS.map((extension) => join(folder, `index${extension}`));
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

/** A name was read, but there is nothing behind it: a link that leads nowhere, or a file that has just vanished. */
async function unreachable(path: string, cause: unknown): Promise<Discovered | undefined> {
  const name = basename(path);
  const target = await readlink(path).catch(() => undefined);
  const mayBePlugin = isPluginFile(name) || parse(name).ext === '';
  if (!mayBePlugin || (target === undefined && codeOf(cause) === 'ENOENT')) return undefined;
  const why = (cause as Error).message;
  const text =
    target === undefined
      ? `'${path}' cannot be read: ${why}`
      : `'${path}' is a link to '${target}', which cannot be reached: ${why}`;
  return { id: idOf(name, false), path, entry: path, problem: refusal(text, cause) };
}

function badName(path: string, id: string): BulkheadError {
  return refusal(
    `'${path}' cannot be a plugin because of its name ${JSON.stringify(id)}; expected 1 to 64 letters, digits, '-', '_' or '.', ` +
      'starting with a letter or digit, without spaces. Rename it, or start its name with _ if it is not a plugin.',
  );
}

function refusal(text: string, cause?: unknown): BulkheadError {
  return new BulkheadError('ERR_PLUGIN_ENTRY', text, { cause });
}
