import type { Profiler } from 'node:inspector';
import { setTimeout as sleep } from 'node:timers/promises';
import { AuthorFrames } from '../wire/author-frames.ts';
import { ThreadSession } from './thread-session.ts';

/** Where a thread spends its time for so long, ms: a profile as Chrome's tools read it, in the author's lines. */
export function cpuProfile(threadId: number, ms: number): Promise<string> {
  return ThreadSession.with(threadId, async (thread) => {
    await thread.request('Profiler.enable');
    await thread.request('Profiler.start');
    await sleep(ms);
    const { profile } = (await thread.request('Profiler.stop')) as { profile: Profiler.Profile };
    const frames = new AuthorFrames();
    for (const { callFrame } of profile.nodes) inAuthorsLines(callFrame, frames);
    return JSON.stringify(profile);
  });
}

/** Lines and columns count from 0 here. */
function inAuthorsLines(frame: Profiler.ProfileNode['callFrame'], frames: AuthorFrames): void {
  const place = frames.locate(frame.url, frame.lineNumber + 1, frame.columnNumber + 1);
  if (place === undefined) return;
  frame.url = place.url;
  frame.lineNumber = place.line - 1;
  frame.columnNumber = place.column - 1;
}
