import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type Duplex, finished, type Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { CONDITION_FLAGS } from '../conditions.ts';
import { lateTimeout } from '../late-timeout.ts';
import { EncodedChannel, MAX_HOST_BATCH_BYTES } from '../wire/codec.ts';
import type { Channel } from '../wire/frames.ts';
import { Link } from '../wire/link.ts';
import { Packets } from '../wire/packets.ts';
import {
  CHANNEL,
  type JobPoolOptions,
  OUTBOX,
  PIPE,
  type ProcessArguments,
} from '../wire/process-messages.ts';
import { release } from '../wire/release.ts';
import { withResolvers } from '../with-resolvers.ts';
import { within } from '../within.ts';
import { checkEnded, checkVitals, checkWhereabouts } from './check-process.ts';
import type { EndReason, Isolate, IsolateEnd, IsolateSpec, IsolateUsage, Whereabouts } from './isolate.ts';
import type { Jobs } from './job-pool.ts';
import { NotStartedError, notStarted } from './not-started.ts';
import { reasonOfExit } from './reason-of-exit.ts';
import { RemoteJobs } from './remote-jobs.ts';

const ENTRY = fileURLToPath(new URL('../child/entry.cjs', import.meta.url));
const IS_POSIX = process.platform !== 'win32';
/** How long a process may take to end once it is killed before it counts as a zombie: one that waits for a disk, say. */
const KILL_MS = 1_000;
/** How long what it had written may take to arrive after its end; a process it started may hold its streams open. */
const LAST_WORDS_MS = 500;
/** How often it is looked at, ms, at the most; each time wakes it. */
const LOOK_MS = 500;
/** One that has filled so much of its heap is looked at as often as the host likes: it may soon have filled the rest. */
const FILLING = 0.35;
/** A process that is asked where its thread is, and leaves so many looks unanswered, says nothing any more. */
const SILENT_LOOKS = 6;
/** Of what it wrote to its standard error, as much is looked at for the cause of its end. */
const TAIL = 4_096;

/**
 * An isolate that is a process of its own. Its main thread is a relay; the plugin runs in a thread beside it, as in the
 * other tier. Nothing else in Bulkhead starts a process for a plugin.
 *
 * | what is seen | what it means |
 * | --- | --- |
 * | `ended` from the relay | the thread ended by itself, for the reason it has told itself, or this; the process is killed |
 * | a pipe closes, or holds what is malformed | the plugin tampered with it; the process is killed |
 * | the process exits without either | a native crash, V8 out of memory, or a signal |
 * | it is told to end | killed, with all processes it started |
 */
export class ProcessIsolate implements Isolate {
  readonly channel: Channel;
  readonly #ended = withResolvers<IsolateEnd>();
  readonly #gone = withResolvers();
  readonly ended = this.#ended.promise;
  readonly gone = this.#gone.promise;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #control: Link;
  #pulse = 0;
  #usage: IsolateUsage | undefined;
  #lookedAt = 0;
  #isLooking = false;
  #silentLooks = 0;
  #lost: NodeJS.Timeout | undefined;
  #onJobNote: (note: unknown) => void = () => {};
  #complaints: Buffer = Buffer.alloc(0);
  #reason: EndReason | undefined;
  /** The end of its thread as the relay tells it, or that of the process as the system does: if nothing tells more. */
  #told: EndReason | undefined;
  #hasExited = false;

  /** @param folder its working folder, which it removes when it ends */
  constructor(
    { heapMb, execArgv }: Omit<IsolateSpec, 'tier'>,
    folder: string,
    isStandby: boolean,
    setV8Flags: boolean,
  ) {
    this.#folder = folder;
    const args: ProcessArguments = { heapMb, execArgv, isStandby, setV8Flags };
    this.#child = spawn(process.execPath, [...CONDITION_FLAGS, ENTRY, JSON.stringify(args)], {
      cwd: folder,
      env: {},
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
      // A group of its own: Ctrl-C is the host's to handle, and what it starts ends with it.
      detached: IS_POSIX,
      windowsHide: true,
    });
    // If there is no descriptor left, Node makes no pipes and tells why in a moment, to which nobody could react.
    if ((this.#child.stdio as unknown) === undefined) {
      this.#child.once('error', () => {});
      rmSync(folder, { recursive: true, force: true });
      throw new NotStartedError(notStarted('process', 'EMFILE'));
    }
    const streams = this.#child.stdio as unknown as Duplex[];
    const [pipe, sent] = [streams[PIPE] as Duplex, streams[OUTBOX] as Duplex];
    const packets = new Packets(pipe, Object.keys(CHANNEL).length, (reason) => this.#violated(reason));
    const inbox = packets.channel(CHANNEL.plugin);
    inbox.onBatch(() => this.#violated('a packet that only the plugin itself may send'));
    const outbox = new Packets(sent, 1, (reason) => this.#violated(reason)).channel(CHANNEL.plugin);
    const wire: Channel<Uint8Array> = {
      post: (bytes) => inbox.post(bytes),
      onBatch: (listener) => outbox.onBatch(listener),
      close: () => outbox.close(),
    };
    this.channel = new EncodedChannel(wire, MAX_HOST_BATCH_BYTES);
    this.#control = new Link({
      channel: new EncodedChannel(packets.channel(CHANNEL.control)),
      methods: {},
      notes: {
        vitals: (note: unknown) => this.#feel(note),
        ended: (note: unknown) => this.#threadEnded(checkEnded(note)),
        jobNote: (note: unknown) => this.#onJobNote(note),
      },
      onViolation: (reason) => this.#violated(reason),
    });
    for (const each of [pipe, sent]) each.once('close', () => this.#closed());
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#complaints = Buffer.concat([this.#complaints, chunk.subarray(-TAIL)]).subarray(-TAIL);
    });
    this.#child.once('error', (error) => {
      this.blame({ kind: 'start-failed', text: notStarted('process', error), error });
      void this.#exited(null, null);
    });
    this.#child.once('exit', (code, signal) => void this.#exited(code, signal));
  }

  get pulse(): number {
    return this.#pulse;
  }

  get usage(): IsolateUsage | undefined {
    return this.#usage;
  }

  look(): void {
    const now = performance.now();
    if (this.#usage !== undefined && (this.#isLooking || now - this.#lookedAt < this.#restMs(this.#usage)))
      return;
    this.#isLooking = true;
    this.#lookedAt = now;
    this.#control.note('look', undefined);
  }

  #restMs({ heapBytes, heapLimitBytes }: IsolateUsage): number {
    return heapBytes > heapLimitBytes * FILLING ? 0 : LOOK_MS;
  }

  async whereabouts(): Promise<Whereabouts> {
    let timer: NodeJS.Timeout | undefined;
    this.#silentLooks = 0;
    const silence = new Promise<Whereabouts>((resolve) => {
      timer = setInterval(() => {
        if (++this.#silentLooks > SILENT_LOOKS)
          resolve({ kind: 'unknown', why: 'its process does not answer' });
        this.look();
      }, LOOK_MS);
    });
    try {
      const answer = this.#control.request('whereabouts', undefined).then(checkWhereabouts);
      return await Promise.race([answer, silence]);
    } finally {
      clearInterval(timer);
    }
  }

  onOutput(listener: (stream: 'stdout' | 'stderr', chunk: Buffer) => void): void {
    const { stdout, stderr } = this.#child;
    stdout?.on('data', (chunk: Buffer) => {
      listener('stdout', chunk);
      release(chunk);
    });
    stderr?.on('data', (chunk: Buffer) => {
      listener('stderr', chunk);
      release(chunk);
    });
  }

  jobs(options: JobPoolOptions, onNote: (note: unknown) => void): Jobs {
    this.#onJobNote = onNote;
    this.#control.note('pool', options);
    return new RemoteJobs(this.#control);
  }

  blame(reason: EndReason): void {
    this.#reason ??= reason;
  }

  end(reason: EndReason): void {
    this.blame(reason);
    this.#terminate();
  }

  /** What the thread has sent may tell more, and is not read yet. */
  #threadEnded(reason: EndReason): void {
    this.#told ??= reason;
    this.#terminate();
  }

  #terminate(): void {
    if (this.#hasExited) return;
    void this.gone.then(lateTimeout(() => this.#finish(true), KILL_MS));
    this.#kill();
  }

  #closed(): void {
    if (this.#hasExited) return;
    // What ends it mostly shows here first, a moment before its exit.
    this.#lost ??= setTimeout(() => {
      this.end({ kind: 'protocol-violation', text: 'it closed its connection to the host' });
    }, LAST_WORDS_MS);
  }

  #violated(reason: string): void {
    this.end({ kind: 'protocol-violation', text: `it sent something malformed: ${reason}` });
  }

  #feel(note: unknown): void {
    const { pulse, usage } = checkVitals(note);
    this.#isLooking = false;
    this.#silentLooks = 0;
    this.#pulse = pulse;
    this.#usage = usage;
  }

  /** Its whole group: it may have started others. */
  #kill(): void {
    const { pid } = this.#child;
    try {
      if (IS_POSIX && pid !== undefined) process.kill(-pid, 'SIGKILL');
      else this.#child.kill('SIGKILL');
    } catch {
      // There is nothing left of it.
    }
  }

  /** Last words first: they may hold the reason, and the last writes of the state. */
  async #exited(code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    this.#hasExited = true;
    clearTimeout(this.#lost);
    this.#kill();
    await this.#lastWords();
    this.#told ??= reasonOfExit(code, signal, this.#complaints.toString());
    this.#finish(false);
    this.#gone.resolve();
    await rm(this.#folder, { recursive: true, force: true }).catch(() => {});
  }

  async #lastWords(): Promise<void> {
    const streams = this.#child.stdio.slice(1) as Readable[];
    // A standby's output, which nobody listens to.
    for (const stream of streams) stream.resume();
    const ends = streams.map(
      (stream) => new Promise((resolve) => finished(stream, { writable: false }, resolve)),
    );
    await within(Promise.all(ends), LAST_WORDS_MS);
    for (const stream of streams) stream.destroy();
  }

  #finish(zombie: boolean): void {
    const reason = (this.#reason ?? this.#told) as EndReason;
    this.channel.close();
    this.#control.end(() => new Error(`the process has ended: ${reason.text}`));
    this.#ended.resolve({ ...reason, zombie });
  }
}
