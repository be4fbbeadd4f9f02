import type { Outcome } from '../wire/frames.ts';
import type { Link } from '../wire/link.ts';
import type { JobMessage } from '../wire/messages.ts';
import type { JobRequest } from '../wire/process-messages.ts';
import { checkJobOutcome } from './check-process.ts';
import type { Jobs } from './job-pool.ts';

/** Runs jobs in the process of the plugin. */
export class RemoteJobs implements Jobs {
  readonly #control: Link;
  #last = 0;

  constructor(control: Link) {
    this.#control = control;
  }

  async run(url: string, message: JobMessage, signal: AbortSignal | undefined): Promise<Outcome> {
    const job = ++this.#last;
    const abort = () => this.#control.note('abortJob', job);
    signal?.throwIfAborted();
    signal?.addEventListener('abort', abort);
    try {
      const request: JobRequest = { job, url, ...message };
      return checkJobOutcome(await this.#control.request('job', request));
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** They end with the process. */
  async close(): Promise<undefined> {
    return undefined;
  }
}
