import { asError, PluginCrashedError, PluginStoppedError } from '../errors.ts';
import type { Build } from '../source/build.ts';
import type { LogLine } from '../status.ts';
import { Link } from '../wire/link.ts';
import type { PluginMetadata, StateChange } from '../wire/messages.ts';
import type { JobPoolOptions } from '../wire/process-messages.ts';
import type { VitalSigns } from '../wire/vitals.ts';
import { withResolvers } from '../with-resolvers.ts';
import * as check from './check-notes.ts';
import { Fence } from './fence.ts';
import type { GenerationHost } from './generation-host.ts';
import { HeapSnapshots } from './heap-snapshots.ts';
import { Intake } from './intake.ts';
import type { EndReason, Isolate, IsolateEnd, IsolateUsage, Whereabouts } from './isolate.ts';
import type { Jobs } from './job-pool.ts';
import { PluginCalls } from './plugin-calls.ts';
import { Registrations } from './registrations.ts';
import { Silence } from './silence.ts';
import { StateWrites } from './state-writes.ts';
import { Steps } from './steps.ts';
import type { Work } from './work.ts';
import { Workload } from './workload.ts';

/** One load of a plugin: an isolate, the link into it, and what is under way in it. */
export class Generation {
  readonly number: number;
  readonly build: Build;
  readonly registrations = new Registrations();
  readonly workload: Workload;
  readonly steps: Steps;
  readonly heapSnapshots: HeapSnapshots;
  /** As the watchdog sees it. */
  readonly silence = new Silence();
  #serves: { since: Date; sinceMs: number } | undefined;
  readonly #booted = withResolvers();
  /** Resolves when its isolate can load a plugin, or when it ends. */
  readonly booted = this.#booted.promise;
  readonly #isolate: Isolate;
  readonly #isStandby: boolean;
  readonly #host: GenerationHost;
  readonly #link: Link;
  readonly #calls = new PluginCalls();
  readonly #intake: Intake;
  readonly #stateWrites = new StateWrites((bytes) => this.#link.note('stateRead', bytes));
  readonly #fence = new Fence(this);
  #wasReplaced = false;
  #hasBooted = false;
  #isAlive = true;
  #settleError: (() => unknown) | undefined;
  #lowHeap: (signs: VitalSigns) => void = () => {};

  /** @param isStandby whether the isolate has been there before */
  constructor(number: number, build: Build, isolate: Isolate, isStandby: boolean, host: GenerationHost) {
    this.number = number;
    this.build = build;
    this.#isolate = isolate;
    this.#isStandby = isStandby;
    this.#host = host;
    this.#intake = new Intake(host.budgets, {
      log: (note) => host.log(note),
      emit: ({ topic, payload }) => this.#fence.unlessClosed(() => host.emit(this, topic, payload)),
      dropped: (note) => host.dropped(this, note),
    });
    this.#calls.limit(host.budgets);
    this.#link = this.#createLink(isolate);
    this.steps = new Steps(this, this.#link);
    this.heapSnapshots = new HeapSnapshots(this.#link, host.heapMb);
    this.workload = new Workload(
      {
        deliver: (batch) => this.#link.exchange('deliver', batch),
        post: (batch) => this.#link.note('work', batch),
        abort: (note) => this.#link.note('abort', note),
        flush: () => this.#link.flush(),
      },
      {
        unhandled: (event, reason) => host.unhandled(this, event, reason),
        handlerFailed: (event, error) => host.handlerFailed(event, error),
      },
    );
    isolate.onOutput((stream, chunk) => this.#intake.output(stream, chunk));
    void isolate.ended.then((end) => this.#ended(end));
  }

  /** Name of the plugin. */
  get plugin(): string {
    return this.#host.name;
  }

  get metadata(): PluginMetadata {
    return this.steps.metadata;
  }

  get ended(): Promise<IsolateEnd> {
    return this.#isolate.ended;
  }

  /** Resolves when its thread is really gone, also if that is long after its end. */
  get gone(): Promise<void> {
    return this.#isolate.gone;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** It was begun in a standby that ended before it could load anything: whatever did that, the plugin did not. */
  get endedAsStandby(): boolean {
    return this.#isStandby && !this.#hasBooted && !this.#isAlive;
  }

  get isFenced(): boolean {
    return this.#fence.isClosed;
  }

  /** It was fenced when it ended: what became of it then is nobody's concern. */
  get wasReplaced(): boolean {
    return this.#wasReplaced;
  }

  /** Counts up with every sign of life that was seen. */
  get pulse(): number {
    return this.#isolate.pulse;
  }

  /** What it uses, as of the last time it was asked; `undefined` as long as it has not told. */
  get usage(): IsolateUsage | undefined {
    return this.#isolate.usage;
  }

  /** It says so by itself when its heap becomes low: what it uses then is newer than {@link usage}. */
  onLowHeap(listener: (signs: VitalSigns) => void): void {
    this.#lowHeap = listener;
  }

  /** What it logged last, the oldest line first. */
  get lastLines(): LogLine[] {
    return this.#intake.lastLines;
  }

  /** Tells it of a write that another generation made. */
  forwardState(change: StateChange): void {
    this.#link.note('state', this.#stateWrites.forwarded(change));
  }

  /** Makes it forget its state; the host's follows in the order of the writes. */
  async clearState(): Promise<void> {
    await this.#link.request('clearState', {});
  }

  /** Where it spends its time, from now on for so long: JSON in the format of Chrome's tools. */
  async cpuProfile(ms: number): Promise<string> {
    return check.checkText(await this.#link.request('cpuProfile', ms));
  }

  /** Where its code is at the moment. */
  async whereabouts(): Promise<Whereabouts> {
    try {
      return await this.#isolate.whereabouts();
    } catch (error) {
      return { kind: 'unknown', why: `it could not be asked: ${asError(error).message}` };
    }
  }

  /** Looks for signs of life. */
  look(): void {
    this.#isolate.look();
  }

  /** A pool for its heavy work; `onNote` takes what the jobs log, unchecked. */
  jobs(options: JobPoolOptions, onNote: (note: unknown) => void): Jobs {
    return this.#isolate.jobs(options, onNote);
  }

  /** It serves from now on. */
  serve(): void {
    this.#serves = { since: new Date(), sinceMs: performance.now() };
  }

  /** When it began to serve; `undefined` if it never did. */
  get servesSince(): Date | undefined {
    return this.#serves?.since;
  }

  /** How long it has served, ms, however often the clock was put right meanwhile; `undefined` if it never did. */
  get uptimeMs(): number | undefined {
    return this.#serves && performance.now() - this.#serves.sinceMs;
  }

  dispatch(work: Work): void {
    work.generation = this;
    this.workload.dispatch(work);
  }

  /** From here on it cannot change anything: what it still tries is refused. */
  fence(): void {
    this.#fence.close();
    this.#calls.abortAll(new PluginStoppedError(this.plugin, this.number));
  }

  /** Ends it, for this reason unless it has one already. What is under way rejects with what `settleWith` makes. */
  end(reason: EndReason, settleWith?: () => unknown): void {
    this.#settleError ??= settleWith;
    this.#isolate.end(reason);
  }

  /** Throws what its calls reject with, if it was ended so that they do. */
  throwIfEnded(): void {
    if (this.#settleError !== undefined) throw this.#settleError();
  }

  #createLink(isolate: Isolate): Link {
    const host = this.#host;
    return new Link({
      channel: isolate.channel,
      methods: {
        bot: (message: unknown) => this.#callHost(message, 'bot'),
        offload: (message: unknown) => this.#callHost(message, 'offload'),
      },
      notes: {
        booted: () => {
          isolate.look();
          this.#hasBooted = true;
          this.#booted.resolve();
        },
        log: (note: unknown) => this.#intake.log(check.checkLog(note)),
        dropped: (note: unknown) => host.dropped(this, check.checkDropped(note)),
        loaded: (note: unknown) => void this.build.inputs.addFiles(check.checkSetupReport(note).inputs),
        register: (note: unknown) =>
          this.#fence.unlessClosed(() => host.registered(this, this.registrations.add(note))),
        unregister: (note: unknown) =>
          this.#fence.unlessClosed(() => host.unregistered(this, this.registrations.remove(note))),
        state: (note: unknown) =>
          this.#fence.unlessClosed(() =>
            host.writeState(this, this.#stateWrites.read(check.checkStateNote(note))),
          ),
        emit: (note: unknown) => this.#intake.emit(check.checkEmit(note)),
        configChecked: () => this.steps.configIsChecked(),
        done: (note: unknown) => this.workload.done(note),
        failed: (note: unknown) => this.workload.failed(note),
        abort: (note: unknown) => this.#calls.abort(note),
        snapshotPiece: (note: unknown) => this.heapSnapshots.arrived(note),
        lowHeap: (note: unknown) => this.#lowHeap(check.checkVitalSigns(note)),
        fatal: (note: unknown) => isolate.blame(check.checkFatal(note)),
      },
      onViolation: (reason) =>
        this.end({ kind: 'protocol-violation', text: `it sent a malformed message: ${reason}` }),
    });
  }

  #callHost(note: unknown, to: 'bot' | 'offload'): Promise<unknown> {
    const message = check.checkHostCall(note);
    this.#fence.throwIfClosed();
    const { method, args, on } = message;
    return this.#calls.run(message, () => {
      if (to === 'bot') return this.#host.bot(method, args, this.workload.get(on));
      const options = args[1] as { signal?: AbortSignal } | undefined;
      return this.#host.offload(this, method, args[0], options?.signal);
    });
  }

  #errorOf({ kind, text, error }: IsolateEnd): unknown {
    return this.#settleError?.() ?? new PluginCrashedError(this.plugin, this.number, kind, text, error);
  }

  #ended(end: IsolateEnd): void {
    this.#isAlive = false;
    this.#wasReplaced = this.#fence.isClosed;
    this.#booted.resolve();
    const error = () => this.#errorOf(end);
    this.#link.end(error);
    this.workload.cut(error, this.#settleError === undefined ? 'crashed' : 'stopped');
    this.fence();
    this.#intake.end();
    this.#fence.report((note) => this.#host.log(note));
    this.#host.ended(this, end);
  }
}
