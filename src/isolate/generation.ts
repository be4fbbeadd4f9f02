import { asError, PluginCrashedError, PluginStoppedError } from '../errors.ts';
import type { Build } from '../source/build.ts';
import type { DeadLetterReason, LogLevel, LogLine } from '../status.ts';
import { isRecord } from '../wire/check.ts';
import { Link } from '../wire/link.ts';
import type {
  BudgetLimits,
  ConfigureReport,
  DroppedNote,
  LoadMessage,
  PluginMetadata,
  Registration,
  StateChange,
  StateEntries,
} from '../wire/messages.ts';
import type { JobPoolOptions } from '../wire/process-messages.ts';
import type { VitalSigns } from '../wire/vitals.ts';
import { withResolvers } from '../with-resolvers.ts';
import * as check from './check-notes.ts';
import { Fence } from './fence.ts';
import { HeapSnapshots } from './heap-snapshots.ts';
import { Intake } from './intake.ts';
import type { EndReason, Isolate, IsolateEnd, IsolateUsage, Whereabouts } from './isolate.ts';
import type { Jobs } from './job-pool.ts';
import { PluginCalls } from './plugin-calls.ts';
import { Registrations } from './registrations.ts';
import { Silence } from './silence.ts';
import { StateWrites } from './state-writes.ts';
import type { EventWork, Invocation, Work } from './work.ts';
import { Workload } from './workload.ts';

/** What a generation needs from the host. Every function must bear anything: its arguments come from the plugin. */
export interface GenerationHost {
  /** Name of the plugin. */
  readonly name: string;
  readonly budgets: BudgetLimits;
  /** Its heap limit, MiB. */
  readonly heapMb: number;
  /** A call of `ctx.bot`. */
  bot(method: string, args: unknown[], on: Invocation | undefined): unknown;
  offload(
    generation: Generation,
    url: string,
    input: unknown,
    signal: AbortSignal | undefined,
  ): Promise<unknown>;
  log(note: { level: LogLevel; fields: Record<string, unknown>; text: string }): void;
  dropped(generation: Generation, note: DroppedNote): void;
  emit(generation: Generation, topic: string, payload: unknown): void;
  writeState(generation: Generation, change: StateChange): void;
  registered(generation: Generation, registration: Registration): void;
  unregistered(generation: Generation, id: number): void;
  /** An event was in flight here, and is no more. */
  unhandled(generation: Generation, event: EventWork, reason: DeadLetterReason): void;
  handlerFailed(event: EventWork, error: unknown): void;
  ended(generation: Generation, end: IsolateEnd): void;
}

/** One load of a plugin: an isolate, the link into it, and what is under way in it. */
export class Generation {
  readonly number: number;
  readonly build: Build;
  readonly registrations = new Registrations();
  readonly workload: Workload;
  readonly heapSnapshots: HeapSnapshots;
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
  #metadata!: PluginMetadata;
  readonly #stateWrites = new StateWrites((bytes) => this.#link.note('stateRead', bytes));
  readonly #fence = new Fence(this);
  #wasReplaced = false;
  #hasBooted = false;
  #isTearingDown = false;
  #checksConfig = false;
  #isAlive = true;
  readonly #silence = new Silence();
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
    return this.#metadata;
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

  get isTearingDown(): boolean {
    return this.#isTearingDown;
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

  /** Imports the module and checks what it says of itself. */
  async load(message: LoadMessage): Promise<PluginMetadata> {
    const { metadata, inputs } = check.checkMetadata(await this.#link.request('load', message));
    this.#metadata = metadata;
    await this.build.inputs.addFiles(inputs);
    return metadata;
  }

  /** Gives it the configuration that it starts with, if its schema accepts that. */
  async checkConfig(config: unknown): Promise<void> {
    await this.#link.request('checkConfig', { config });
  }

  async migrate(entries: StateEntries, fromVersion: number): Promise<StateEntries> {
    return check.checkStateEntries(await this.#link.request('migrate', { entries, fromVersion }));
  }

  async setup(entries: StateEntries): Promise<void> {
    const report = await this.#step('setup', (invocation) => ({ invocation, entries }));
    await this.build.inputs.addFiles(check.checkSetupReport(report).inputs);
  }

  /** Its schema has not said yet what it makes of the configuration that it is just being given. */
  get checksConfig(): boolean {
    return this.#checksConfig;
  }

  async configure(config: unknown): Promise<ConfigureReport> {
    this.#checksConfig = true;
    const report = await this.#step('configure', (invocation) => ({ invocation, config }));
    return { applied: isRecord(report) && report.applied === true };
  }

  /** The configuration that it is just being given is not waited for any more: it keeps the one before. */
  giveUpConfigure(): void {
    this.workload.giveUp('configure');
    this.#link.note('giveUpConfigure', undefined);
  }

  /** Runs what the plugin registered with `onTeardown`. */
  async teardown(): Promise<void> {
    this.#isTearingDown = true;
    await this.#step('teardown', (invocation) => ({ invocation }));
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

  /** The watchdog says how long it has not reacted, ms. */
  silent(ms: number): void {
    this.#silence.lasts(ms);
  }

  /** Resolves when it has not reacted for so long, ms; the time before counts. `signal` ends the waiting. */
  silentFor(ms: number, signal: AbortSignal): Promise<void> {
    return this.#silence.reaches(ms, signal);
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
        configChecked: () => {
          this.#checksConfig = false;
        },
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

  #step(
    kind: 'setup' | 'teardown' | 'configure',
    message: (invocation: number) => unknown,
  ): Promise<unknown> {
    const invocation = { kind, parent: undefined, generation: this, isOver: false };
    return this.workload.during(invocation, (number) => this.#link.request(kind, message(number)));
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
