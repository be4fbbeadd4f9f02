import type { Session } from 'node:inspector';
import { type Talk, threadEnds } from './thread-ends.ts';

/** What comes from the thread: an answer, with its id, or a notification. */
export interface ThreadMessage {
  id?: number;
  method?: string;
  params?: unknown;
}

/** Instead of a result: a thread was ending, or about to. */
export const CUT = Symbol('cut');

/** A conversation with one thread of this process, through the inspector; one at a time. */
export class ThreadSession implements Talk {
  readonly #session: Session;
  readonly #listeners = new Set<(message: ThreadMessage) => void>();
  readonly #threadId: number;
  #farewell: () => void = () => {};
  #target: string | undefined;
  #isOpen = false;
  #sent = 0;

  private constructor(session: Session, threadId: number) {
    this.#session = session;
    this.#threadId = threadId;
  }

  /**
   * Runs `use`, then detaches. Rejects if this Node has no inspector.
   *
   * @param until when to give up to wait for a moment in which no thread is ending, by `performance.now()`
   * @returns `CUT` if there was none
   */
  static async with<T>(
    threadId: number,
    until: number,
    use: (thread: ThreadSession) => Promise<T>,
  ): Promise<T | typeof CUT> {
    const { Session } = await import('node:inspector');
    const thread = new ThreadSession(new Session(), threadId);
    await threadEnds.talk(thread, until);
    // It may have been cut in the meantime.
    if (!thread.#isOpen) return CUT;
    try {
      return await use(thread);
    } finally {
      thread.#close();
    }
  }

  /** Whether there is such a thread, and it does not keep the inspector out. */
  get isThere(): boolean {
    return this.#target !== undefined;
  }

  /** @returns the id that the answer will have */
  send(method: string, params: object = {}): number {
    const id = ++this.#sent;
    if (this.#isOpen && this.#target !== undefined) {
      const message = JSON.stringify({ id, method, params });
      this.#session.post('NodeWorker.sendMessageToWorker', { sessionId: this.#target, message });
    }
    return id;
  }

  onMessage(listener: (message: ThreadMessage) => void): void {
    this.#listeners.add(listener);
  }

  /** Called when it is cut short: the last moment to say something. */
  onCut(farewell: () => void): void {
    this.#farewell = farewell;
  }

  /** Each session is attached to all threads, and told of them at once. */
  start(): void {
    this.#session.connect();
    this.#isOpen = true;
    this.#session.on('NodeWorker.attachedToWorker', ({ params }) => {
      // The inspector's number is not that of the thread, which stands in the title.
      if (params.workerInfo.title.startsWith(`[worker ${this.#threadId}]`)) this.#target = params.sessionId;
    });
    this.#session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
      if (!this.#isOpen || params.sessionId !== this.#target) return;
      const message = JSON.parse(params.message) as ThreadMessage;
      for (const listener of this.#listeners) listener(message);
    });
    this.#session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
  }

  cut(): void {
    this.#farewell();
    this.#close();
  }

  /** What was asked of a thread that did not answer is withdrawn with this. */
  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#session.post('NodeWorker.disable');
    this.#session.disconnect();
    threadEnds.talked();
  }
}
