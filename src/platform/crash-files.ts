import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CrashReport } from '../status.ts';
import { Turns } from '../turns.ts';

/** How many reports of one plugin are kept; the oldest go first. */
const KEPT = 20;

/** Writes crash reports to files, one folder per plugin: `<directory>/<plugin id>/<time>-<generation>.json`. */
export class CrashFiles {
  readonly #directory: string;
  readonly #failed: (report: CrashReport, error: unknown) => void;
  readonly #writes = new Turns();

  constructor(directory: string, failed: (report: CrashReport, error: unknown) => void) {
    this.#directory = directory;
    this.#failed = failed;
  }

  write(id: string, report: CrashReport): void {
    this.#writes.take(() => this.#write(id, report)).catch((error) => this.#failed(report, error));
  }

  /** Resolves when everything is written. */
  flush(): Promise<void> {
    return this.#writes.over();
  }

  async #write(id: string, report: CrashReport): Promise<void> {
    const folder = join(this.#directory, id);
    await mkdir(folder, { recursive: true });
    const name = `${report.at.replace(/[:.]/g, '-')}-${report.generation}.json`;
    await writeFile(join(folder, name), `${JSON.stringify(report, undefined, 2)}\n`);
    const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).sort();
    for (const file of files.slice(0, -KEPT)) await rm(join(folder, file), { force: true });
  }
}
