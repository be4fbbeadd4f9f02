import type { Profiler } from 'node:inspector';
import { AuthorFrames } from '../wire/author-frames.ts';
import { builtin } from './builtin.ts';

/** Where this thread spends its time for so long, ms: a profile as Chrome's tools read it, in the author's lines. */
export async function cpuProfile(ms: number): Promise<string> {
  const { Session } = builtin('node:inspector/promises');
  const { setTimeout: sleep } = builtin('node:timers/promises');
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    await sleep(ms);
    const { profile } = await session.post('Profiler.stop');
    const frames = new AuthorFrames();
    for (const node of profile.nodes) {
      ticksInAuthorsLines(node, frames);
      inAuthorsLines(node.callFrame, frames);
    }
    return JSON.stringify(profile);
  } finally {
    session.disconnect();
  }
}

/** Lines and columns count from 0 here. */
function inAuthorsLines(frame: Profiler.ProfileNode['callFrame'], frames: AuthorFrames): void {
  const place = frames.locate(frame.url, frame.lineNumber + 1, frame.columnNumber + 1);
  if (place === undefined) return;
  frame.url = place.url;
  frame.lineNumber = place.line - 1;
  frame.columnNumber = place.column - 1;
}

/** How often it was met in which line, where lines count from 1 and of columns nothing is told. */
function ticksInAuthorsLines(node: Profiler.ProfileNode, frames: AuthorFrames): void {
  const byLine = new Map<number, number>();
  for (const { line: builtLine, ticks } of node.positionTicks ?? []) {
    // Where no author's line is known for it, its own.
    const line = frames.locate(node.callFrame.url, builtLine, Number.MAX_SAFE_INTEGER)?.line ?? builtLine;
    byLine.set(line, (byLine.get(line) ?? 0) + ticks);
  }
  node.positionTicks = [...byLine].map(([line, ticks]) => ({ line, ticks }));
}
