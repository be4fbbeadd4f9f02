import type { Outcome } from '../wire/frames.ts';
import type { JobMessage } from '../wire/messages.ts';
import { runJob } from './run-job.ts';

/**
 * What the threads of job pools run, bundled as CommonJS. A module that is loaded by `require`, as the pool itself would do
 * it, takes the whole process with it when its thread is ended meanwhile (Node 20: `v8::ToLocalChecked` in
 * `CreateRequiredModuleFacade`).
 */
export default ({ url, message }: { url: string; message: JobMessage }): Promise<Outcome> =>
  runJob(() => import(url), message);
