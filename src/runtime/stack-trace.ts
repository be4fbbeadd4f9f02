import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const LOCATION = /(file:\/\/[^\s()]+?\.mjs):(\d+):(\d+)/;

/**
 * Makes stacks point to the author's own lines. The map of a build is only read when the first stack is looked at, so
 * that a plugin which throws nothing pays nothing. Frames of the runtime are left out.
 */
export function mapStackTraces(runtimeUrl: string): void {
  const maps = new Map<string, SourceMap | undefined>();
  Error.prepareStackTrace = (error, sites) => {
    const lines = [headline(error)];
    for (const site of sites) {
      const frame = site.toString();
      if (!frame.includes(runtimeUrl)) lines.push(`    at ${mapFrame(frame, maps)}`);
    }
    return lines.join('\n');
  };
}

function headline(error: Error): string {
  try {
    return String(error);
  } catch {
    return 'Error';
  }
}

function mapFrame(frame: string, maps: Map<string, SourceMap | undefined>): string {
  const location = LOCATION.exec(frame);
  if (location === null) return frame;
  const [text, url, line, column] = location as unknown as [string, string, string, string];
  if (!maps.has(url)) maps.set(url, readMap(url));
  const entry = maps.get(url)?.findEntry(Number(line) - 1, Number(column) - 1);
  if (entry === undefined || !('originalSource' in entry)) return frame;
  const source = resolve(dirname(fileURLToPath(url)), entry.originalSource);
  return frame.replace(text, `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`);
}

function readMap(url: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${fileURLToPath(url)}.map`, 'utf8')));
  } catch {
    return undefined;
  }
}
