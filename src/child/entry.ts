/**
 * The main thread of a process in which one plugin runs: starts the plugin's thread, passes on to it what the host says
 * without looking at it, and says how it is. Nothing of the plugin runs here, so what it does to its own
 * thread does not keep this one from answering. Bundled as CommonJS, the quickest to load.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { JobPool } from '../isolate/job-pool.ts';
import { ThreadIsolate } from '../isolate/thread.ts';
import { EncodedChannel, MAX_HOST_BATCH_BYTES } from '../wire/codec.ts';
import { Link } from '../wire/link.ts';
import { Packets } from '../wire/packets.ts';
import {
  CHANNEL,
  type EndedNote,
  type JobPoolOptions,
  type JobRequest,
  OUTBOX,
  PIPE,
  type ProcessArguments,
  type VitalsNote,
} from '../wire/process-messages.ts';
import { encodeError } from '../wire/wire-error.ts';

const { heapMb, execArgv, isStandby, setV8Flags } = JSON.parse(process.argv[2] as string) as ProcessArguments;
const folder = process.cwd();
// By itself Node would open the inspector, through which a plugin could speak to this thread, which has no permissions to keep.
process.on('SIGUSR1', () => {});

const pipe = new Socket({ fd: PIPE, readable: true, writable: true });
// The host has ended, or wants no more of this. An orderly exit would wait for a thread that is stuck.
pipe.on('close', die);
const packets = new Packets(pipe, Object.keys(CHANNEL).length, die, MAX_HOST_BATCH_BYTES);
const thread = new ThreadIsolate<Uint8Array>({ heapMb, execArgv }, isStandby, { outbox: OUTBOX, setV8Flags });
const plugin = packets.channel(CHANNEL.plugin);
const jobs = new Map<number, AbortController>();
let pool: JobPool | undefined;

const control = new Link({
  channel: new EncodedChannel(packets.channel(CHANNEL.control)),
  methods: {
    whereabouts: async () => {
      const found = await thread.whereabouts();
      tellVitals();
      return found;
    },
    job: (request: JobRequest) => runJob(request),
  },
  notes: {
    look: () => tellVitals(),
    pool: (options: JobPoolOptions) => {
      pool = new JobPool(options, execArgv, (note) => control.note('jobNote', note));
    },
    abortJob: (job: number) => jobs.get(job)?.abort(),
  },
  onViolation: die,
});

// It says everything but its leave to the host itself. What comes here is passed on as something that nobody may send.
thread.channel.onBatch(() => plugin.post(Buffer.of(0)));
plugin.onBatch((bytes) => thread.channel.post(bytes as Uint8Array));
for (const stream of ['stdout', 'stderr'] as const) process[stream].on('error', () => {});
thread.onOutput((stream, chunk) => void process[stream].write(chunk));
void thread.ended.then(({ kind, text, exitCode, error }) => {
  control.note('vitals', vitals());
  const note: EndedNote = { kind, text };
  if (exitCode !== undefined) note.exitCode = exitCode;
  if (error !== undefined) note.error = encodeError(error);
  control.note('ended', note);
});

function vitals(): VitalsNote {
  return { pulse: thread.pulse, usage: thread.usage };
}

function tellVitals(): void {
  thread.look();
  control.note('vitals', vitals());
}

async function runJob({ job, url, ...message }: JobRequest): Promise<unknown> {
  // Somebody may have cleared the temporary directory, and threads only start where there is one.
  mkdirSync(folder, { recursive: true });
  if (pool === undefined) throw new Error('a job without a pool');
  const controller = new AbortController();
  jobs.set(job, controller);
  try {
    return await pool.run(url, message, controller.signal);
  } finally {
    jobs.delete(job);
  }
}

/** With everything that it started, at once. */
function die(): void {
  rmSync(folder, { recursive: true, force: true });
  process.kill(process.platform === 'win32' ? process.pid : -process.pid, 'SIGKILL');
}
