import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const LOCATION = /(file:\/\/\S+?\.mjs):(\d+):(\d+)/;

/** Turns frames of a stack that lie in a build into the author's own lines. A build's map is read when it is first needed. */
export class AuthorFrames {
  readonly #maps = new Map<string, SourceMap | undefined>();

  map(frame: string): string {
    const location = LOCATION.exec(frame);
    if (location === null) return frame;
    const [text, url, line, column] = location as unknown as [string, string, string, string];
    const place = this.locate(url, Number(line), Number(column));
    if (place === undefined) return frame;
    return frame.replace(text, () => `${fileURLToPath(place.url)}:${place.line}:${place.column}`);
  }

  /** The author's place of one in a build; `undefined` if it is in none. Lines and columns count from 1. */
  locate(
    url: string,
    line: number,
    column: number,
  ): { url: string; line: number; column: number } | undefined {
    if (!this.#maps.has(url)) this.#maps.set(url, readMap(url));
    const entry = this.#maps.get(url)?.findEntry(line - 1, column - 1);
    if (entry === undefined || !('originalSource' in entry)) return undefined;
    const source = pathOf(entry.originalSource, url);
    if (source === undefined) return undefined;
    return {
      url: pathToFileURL(source).href,
      line: entry.originalLine + 1,
      column: entry.originalColumn + 1,
    };
  }
}

/** A map names its sources by URLs, relative to itself; `undefined` for what is no file, such as the plugin API. */
function pathOf(source: string, mapUrl: string): string | undefined {
  try {
    return fileURLToPath(new URL(source, mapUrl));
  } catch {
    return undefined;
  }
}

function readMap(url: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${fileURLToPath(url)}.map`, 'utf8')));
  } catch {
    return undefined;
  }
}
