import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const LOCATION = /(file:\/\/[^\s()]+?\.mjs):(\d+):(\d+)/;

/** Turns frames of a stack that lie in a build into the author's own lines. A build's map is read when it is first needed. */
export class AuthorFrames {
  readonly #maps = new Map<string, SourceMap | undefined>();

  map(frame: string): string {
    const location = LOCATION.exec(frame);
    if (location === null) return frame;
    const [text, url, line, column] = location as unknown as [string, string, string, string];
    if (!this.#maps.has(url)) this.#maps.set(url, readMap(url));
    const entry = this.#maps.get(url)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (entry === undefined || !('originalSource' in entry)) return frame;
    const source = resolve(dirname(fileURLToPath(url)), entry.originalSource);
    return frame.replace(text, `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`);
  }
}

function readMap(url: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${fileURLToPath(url)}.map`, 'utf8')));
  } catch {
    return undefined;
  }
}
