import { mkdir, mkdtemp, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { useScratchFolder } from './scratch.mjs';

const ignore = () => {};

/** A logger for runs in which only the figures matter. */
export const SILENT = {
  trace: ignore,
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  fatal: ignore,
};

/** A fresh directory with a plugin directory in it. */
export class Workspace {
  /** @param {string} root */
  constructor(root) {
    this.root = root;
    this.pluginDir = join(root, 'plugins');
  }

  static async create() {
    useScratchFolder();
    const workspace = new Workspace(await realpath(await mkdtemp(join(tmpdir(), 'bulkhead-benchmark-'))));
    await mkdir(workspace.pluginDir);
    return workspace;
  }

  /**
   * Puts a file in place as an editor does, complete at once: with no quiet time to wait for, half a file would be built.
   *
   * @param {string} name relative to the plugin directory
   * @param {string} content
   */
  async save(name, content) {
    const file = join(this.pluginDir, name);
    const unfinished = join(this.root, 'unfinished');
    await mkdir(dirname(file), { recursive: true });
    await writeFile(unfinished, content);
    await rename(unfinished, file);
    return file;
  }

  async remove() {
    await rm(this.root, { recursive: true, force: true });
  }
}
