import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const LOCATION = /(file:\/\/\S+?\.mjs):(\d+):(\d+)/;
/** The field of a build's map that says how many columns were put in front of the first line of which files. */
export const SHIM_WIDTHS = 'x_bulkhead_widths';

interface BuildMap {
  map: SourceMap;
  /** By path. */
  widths: Record<string, number>;
}

/** Turns frames of a stack that lie in a build into the author's own lines. A build's map is read when it is first needed. */
export class AuthorFrames {
  readonly #maps = new Map<string, BuildMap | undefined>();

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
    const build = this.#maps.get(url);
    const entry = build?.map.findEntry(line - 1, column - 1);
    if (build === undefined || entry === undefined || !('originalSource' in entry)) return undefined;
    const source = pathOf(entry.originalSource, url);
    if (source === undefined) return undefined;
    const { originalLine, originalColumn } = entry;
    const before = originalLine === 0 ? (build.widths[source] ?? 0) : 0;
    return {
      url: pathToFileURL(source).href,
      line: originalLine + 1,
      column: Math.max(0, originalColumn - before) + 1,
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

function readMap(url: string): BuildMap | undefined {
  try {
    const content = JSON.parse(readFileSync(`${fileURLToPath(url)}.map`, 'utf8'));
    return { map: new SourceMap(content), widths: content[SHIM_WIDTHS] ?? {} };
  } catch {
    return undefined;
  }
}
