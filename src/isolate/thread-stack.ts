import type { Session } from 'node:inspector';
import { AuthorFrames } from '../wire/author-frames.ts';

/** How long the thread may take to stop where it is: an endless loop does within 100 ms on an idle machine, 2 s on a busy one, a system call never. */
const PAUSE_MS = 4_000;
/** Scripts in which nobody wants to read where it is stuck. */
const NOT_THE_AUTHORS = /^node:|\/runtime\/entry\.js$|^$/;
/** Between two microtasks it often stops in hooks of Node, beneath which there is no line of the author's: then again. */
const MAX_PAUSES = 50;
const MAX_FRAMES = 30;

/** Of the two notifications that matter here; others have other parameters. An answer has only its id. */
interface DebuggerMessage {
  id?: number;
  method?: string;
  params: { scriptId: string; url: string; callFrames: CallFrame[] };
}

interface CallFrame {
  functionName: string;
  location: { scriptId: string; lineNumber: number; columnNumber: number };
}

let last: Promise<unknown> = Promise.resolve();

/**
 * Where a thread of this process is at the moment, in the author's lines, found through the inspector. `undefined` if it
 * does not stop to be asked, because it is outside JavaScript, or if this Node has no inspector. One thread at a time:
 * each of these sessions is attached to all threads.
 */
export function threadStack(threadId: number): Promise<string | undefined> {
  const turn = last.then(() => ask(threadId));
  last = turn.catch(() => {});
  return turn;
}

async function ask(threadId: number): Promise<string | undefined> {
  const { Session } = await import('node:inspector');
  const session = new Session();
  session.connect();
  try {
    return await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), PAUSE_MS);
      listen(session, threadId, (stack) => {
        clearTimeout(timer);
        resolve(stack);
      });
    });
  } finally {
    await detach(session);
  }
}

function listen(session: Session, threadId: number, found: (stack: string) => void): void {
  const scripts = new Map<string, string>();
  let target: string | undefined;
  let messages = 0;
  let pauses = 0;
  let stack = '';
  let farewell: number | undefined;
  const send = (method: string) => {
    const message = JSON.stringify({ id: ++messages, method });
    session.post('NodeWorker.sendMessageToWorker', { sessionId: target as string, message });
    return messages;
  };
  session.on('NodeWorker.attachedToWorker', ({ params }) => {
    // The inspector's number is not that of the thread, which stands in the title.
    if (!params.workerInfo.title.startsWith(`[worker ${threadId}]`)) return;
    target = params.sessionId;
    send('Debugger.enable');
    send('Debugger.pause');
  });
  session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
    if (params.sessionId !== target) return;
    const { id, method, params: data } = JSON.parse(params.message) as DebuggerMessage;
    if (method === 'Debugger.scriptParsed') scripts.set(data.scriptId, data.url);
    if (method === 'Debugger.paused' && farewell === undefined) {
      stack = describe(data.callFrames, scripts);
      send('Debugger.resume');
      if (stack !== '' || ++pauses === MAX_PAUSES) farewell = send('Debugger.disable');
    }
    if (method === 'Debugger.resumed' && farewell === undefined) send('Debugger.pause');
    // Not before it has resumed: whoever detaches from a paused thread leaves one that cannot even be terminated.
    if (id !== undefined && id === farewell) found(stack || '    at code of Node itself');
  });
  session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
}

/** What was asked of a thread that did not stop is withdrawn with this. */
async function detach(session: Session): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, PAUSE_MS);
    session.post('NodeWorker.disable', () => {
      clearTimeout(timer);
      resolve();
    });
  });
  session.disconnect();
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
