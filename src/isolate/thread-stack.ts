import { AuthorFrames } from '../wire/author-frames.ts';
import { ThreadSession } from './thread-session.ts';

/** How long the thread may take to stop where it is: an endless loop does within 100 ms on an idle machine, 2 s on a busy one, a system call never. */
const PAUSE_MS = 4_000;
/** Scripts in which nobody wants to read where it is stuck. */
const NOT_THE_AUTHORS = /^node:|\/runtime\/entry\.js$|^$/;
/** Between two microtasks it often stops in hooks of Node, beneath which there is no line of the author's: then again. */
const MAX_PAUSES = 50;
const MAX_FRAMES = 30;
/** In place of a stack: nobody can be asked for it. */
export const NO_INSPECTOR = '    its permissions keep the inspector out';

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

let last: Promise<unknown> = Promise.resolve();

/**
 * Where a thread of this process is at the moment, in the author's lines. `undefined` if it does not stop to be asked,
 * because it is outside JavaScript, or if this Node has no inspector. One thread at a time.
 */
export function threadStack(threadId: number): Promise<string | undefined> {
  const turn = last.then(() => ThreadSession.with(threadId, ask));
  last = turn.catch(() => {});
  return turn;
}

function ask(thread: ThreadSession): Promise<string | undefined> {
  if (!thread.isThere) return Promise.resolve(NO_INSPECTOR);
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      // One that is idle by now would stop at its next turn, with nobody there to make it go on.
      thread.send('Debugger.disable');
      resolve(undefined);
    }, PAUSE_MS);
    listen(thread, (stack) => {
      clearTimeout(timer);
      resolve(stack);
    });
  });
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
