import type { Session } from 'node:inspector';

/** How long a thread may take to let go of a session. */
const DETACH_MS = 4_000;

/** What comes from the thread: an answer, with its id, or a notification. */
export interface ThreadMessage {
  id?: number;
  method?: string;
  params?: unknown;
}

/** A conversation with one thread of this process, through the inspector. */
export class ThreadSession {
  readonly #session: Session;
  readonly #listeners = new Set<(message: ThreadMessage) => void>();
  readonly #threadId: number;
  #target: string | undefined;
  #sent = 0;

  private constructor(session: Session, threadId: number) {
    this.#session = session;
    this.#threadId = threadId;
  }

  /** Runs `use`, then detaches. Rejects if this Node has no inspector. */
  static async with<T>(threadId: number, use: (thread: ThreadSession) => Promise<T>): Promise<T> {
    const { Session } = await import('node:inspector');
    const session = new Session();
    session.connect();
    const thread = new ThreadSession(session, threadId);
    try {
      thread.#attach();
      return await use(thread);
    } finally {
      await thread.#detach();
    }
  }

  /** Whether there is such a thread; one with permissions keeps the inspector out. */
  get isThere(): boolean {
    return this.#target !== undefined;
  }

  /** @returns the id that the answer will have */
  send(method: string, params: object = {}): number {
    const id = ++this.#sent;
    if (this.#target !== undefined) {
      const message = JSON.stringify({ id, method, params });
      this.#session.post('NodeWorker.sendMessageToWorker', { sessionId: this.#target, message });
    }
    return id;
  }

  onMessage(listener: (message: ThreadMessage) => void): void {
    this.#listeners.add(listener);
  }

  /** Each session is attached to all threads, and told of them at once. */
  #attach(): void {
    this.#session.on('NodeWorker.attachedToWorker', ({ params }) => {
      // The inspector's number is not that of the thread, which stands in the title.
      if (params.workerInfo.title.startsWith(`[worker ${this.#threadId}]`)) this.#target = params.sessionId;
    });
    this.#session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
      if (params.sessionId !== this.#target) return;
      const message = JSON.parse(params.message) as ThreadMessage;
      for (const listener of this.#listeners) listener(message);
    });
    this.#session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
  }

  /** What was asked of a thread that did not answer is withdrawn with this. */
  async #detach(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, DETACH_MS);
      this.#session.post('NodeWorker.disable', () => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.#session.disconnect();
  }
}
