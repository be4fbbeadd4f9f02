import { relative, resolve, sep } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { filesBelow } from './files.ts';

/** Among more files it would take long to look, each time, for those that an import can mean: these are not watched for. */
const MAX_CHOICES = 2_000;

/** The files that an import can mean whose name is made at run time, as they were then. */
export class Choice {
  readonly folder: string;
  readonly names: RegExp;
  readonly files: readonly string[];

  /** @param pattern as esbuild writes it: `*` for what is not known, `**` for any folders */
  constructor(from: string, pattern: string) {
    const known = pattern.slice(0, pattern.lastIndexOf('/', pattern.indexOf('*')) + 1);
    this.folder = resolve(from, known);
    this.names = matching(pattern.slice(known.length));
    this.files = this.#find();
  }

  hasChanged(): boolean {
    return !isDeepStrictEqual(this.#find(), this.files);
  }

  #find(): string[] {
    const files: string[] = [];
    let count = 0;
    for (const file of filesBelow([this.folder])) {
      if (++count > MAX_CHOICES) return [];
      const name = relative(this.folder, file).replaceAll(sep, '/');
      if (this.names.test(name)) files.push(name);
    }
    return files.sort();
  }
}

function matching(pattern: string): RegExp {
  const parts = pattern.split(/(\*\*\/|\*)/).map((part) => {
    if (part === '**/') return '(.*/)?';
    return part === '*' ? '[^/]*' : part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`);
}
