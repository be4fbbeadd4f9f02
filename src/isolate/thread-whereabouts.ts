import { isMainThread } from 'node:worker_threads';
import { Turns } from '../turns.ts';
import { AuthorFrames } from '../wire/author-frames.ts';
import type { Whereabouts } from './isolate.ts';
import { CUT, ThreadSession } from './thread-session.ts';

/** How long the thread may take to stop where it is: an endless loop does within 100 ms on an idle machine, 2 s on a busy one, a system call never. */
const PAUSE_MS = 4_000;
/** Scripts in which nobody wants to read where it is stuck. */
const NOT_THE_AUTHORS = /^node:|\/runtime\/(boot|entry|job-thread)\.cjs$|^$/;
/** Between two microtasks it often stops in hooks of Node, beneath which there is no line of the author's: then again. */
const MAX_PAUSES = 50;
const MAX_FRAMES = 30;
/** For how long it is tried again when other threads end in between, ms. */
const PATIENCE_MS = 5_000;
/** Of the two notifications that matter here. */
interface DebuggerParams {
  scriptId: string;
  url: string;
  callFrames: CallFrame[];
}

interface CallFrame {
  functionName: string;
  location: { scriptId: string; lineNumber: number; columnNumber: number };
}

type Answer = Whereabouts | typeof CUT;

const turns = new Turns();

/** Where a thread of this process is at the moment. One thread at a time. Rejects if this Node has no inspector. */
export async function threadWhereabouts(threadId: number): Promise<Whereabouts> {
  if (!isMainThread)
    return { kind: 'unknown', why: 'the bot runs in a worker thread, which Node tells of no others' };
  return turns.take(() => inquire(threadId));
}

/** While other threads end, nobody can be asked: then again. */
async function inquire(threadId: number): Promise<Whereabouts> {
  const until = performance.now() + PATIENCE_MS;
  let askedMs = 0;
  do {
    const answer = await ThreadSession.with(threadId, until, async (thread) => {
      const since = performance.now();
      const found = await ask(thread, PAUSE_MS - askedMs);
      askedMs += performance.now() - since;
      return found;
    });
    if (answer !== CUT) return answer;
  } while (performance.now() < until);
  return { kind: 'unknown', why: 'other threads ended all the while' };
}

async function ask(thread: ThreadSession, patienceMs: number): Promise<Answer> {
  if (!thread.isThere) return { kind: 'unknown', why: 'its thread is about to end' };
  let timer: NodeJS.Timeout | undefined;
  const answer = await new Promise<Answer>((resolve) => {
    timer = setTimeout(() => {
      // One that is idle by now would stop at its next turn, with nobody there to make it go on.
      thread.send('Debugger.disable');
      resolve({ kind: 'outside' });
    }, patienceMs);
    thread.onCut(() => {
      thread.send('Debugger.resume');
      thread.send('Debugger.disable');
      resolve(CUT);
    });
    listen(thread, (stack) => resolve({ kind: 'stack', stack }));
  });
  clearTimeout(timer);
  return answer;
}

function listen(thread: ThreadSession, found: (stack: string) => void): void {
  const scripts = new Map<string, string>();
  let pauses = 0;
  let stack = '';
  let farewell: number | undefined;
  thread.onMessage(({ id, method, params }) => {
    const { scriptId, url, callFrames } = (params ?? {}) as DebuggerParams;
    if (method === 'Debugger.scriptParsed') scripts.set(scriptId, url);
    if (method === 'Debugger.paused' && farewell === undefined) {
      stack = describe(callFrames, scripts);
      thread.send('Debugger.resume');
      if (stack !== '' || ++pauses === MAX_PAUSES) farewell = thread.send('Debugger.disable');
    }
    if (method === 'Debugger.resumed' && farewell === undefined) thread.send('Debugger.pause');
    // Not before it has resumed: whoever detaches from a paused thread leaves one that cannot even be terminated.
    if (id !== undefined && id === farewell) found(stack || '    at code of Node itself');
  });
  thread.send('Debugger.enable');
  thread.send('Debugger.pause');
}

function describe(callFrames: readonly CallFrame[], scripts: ReadonlyMap<string, string>): string {
  const frames = new AuthorFrames();
  return callFrames
    .map(({ functionName, location }) => {
      const url = scripts.get(location.scriptId) ?? '';
      return { url, name: functionName || '<anonymous>', ...location };
    })
    .filter(({ url }) => !NOT_THE_AUTHORS.test(url))
    .slice(0, MAX_FRAMES)
    .map(({ url, name, lineNumber, columnNumber }) => {
      const frame = `${name} (${url}:${lineNumber + 1}:${columnNumber + 1})`;
      return `    at ${frames.map(frame)}`;
    })
    .join('\n');
}
