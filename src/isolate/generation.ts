import { asError, BulkheadError, PluginCrashedError, PluginStoppedError } from '../errors.ts';
import type { Build } from '../source/build.ts';
import type { DeadLetterReason, LogLevel, LogLine } from '../status.ts';
import { isRecord } from '../wire/check.ts';
import type { WireError } from '../wire/frames.ts';
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
import { decodeError } from '../wire/wire-error.ts';
import { withResolvers } from '../with-resolvers.ts';
import * as check from './check-notes.ts';
import { Delivery } from './delivery.ts';
import { Fence } from './fence.ts';
import { InFlight } from './in-flight.ts';
import { Intake } from './intake.ts';
import type { EndReason, Isolate, IsolateEnd, IsolateUsage, Whereabouts } from './isolate.ts';
import type { Jobs } from './job-pool.ts';
import { PluginCalls } from './plugin-calls.ts';
import { Registrations } from './registrations.ts';
import { Silence } from './silence.ts';
import { StateWrites } from './state-writes.ts';
import { Timings } from './timings.ts';
import { CallWork, EventWork, type Invocation, type Work } from './work.ts';

/** What a generation needs from the host. Every function must bear anything: its arguments come from the plugin. */
export interface GenerationHost {
  /** Name of the plugin. */
  readonly name: string;
  readonly budgets: BudgetLimits;
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
  /** How long calls and events took, from being sent to their outcome. */
  readonly timings = new Timings();
  /** When it began to serve; `undefined` if it never did. */
  servesSince: Date | undefined;
  readonly #booted = withResolvers();
  /** Resolves when its isolate can load a plugin, or when it ends. */
  readonly booted = this.#booted.promise;
  readonly #isolate: Isolate;
  readonly #host: GenerationHost;
  readonly #link: Link;
  readonly #delivery: Delivery;
  readonly #inFlight = new InFlight();
  readonly #calls = new PluginCalls();
  readonly #intake: Intake;
  #metadata!: PluginMetadata;
  readonly #stateWrites = new StateWrites((bytes) => this.#link.note('stateRead', bytes));
  readonly #fence = new Fence();
  #wasReplaced = false;
  #isDraining = false;
  #isTearingDown = false;
  #checksConfig = false;
  #isAlive = true;
  #snapshots = 0;
  /** How many of its heap are just being taken, and how many are being read. */
  #snapshotsTaken = 0;
  #snapshotsRead = 0;
  readonly #silence = new Silence();
  #settleError: (() => unknown) | undefined;

  constructor(number: number, build: Build, isolate: Isolate, host: GenerationHost) {
    this.number = number;
    this.build = build;
    this.#isolate = isolate;
    this.#host = host;
    this.#intake = new Intake(host.budgets, {
      log: (note) => host.log(note),
      emit: ({ topic, payload }) => this.#unlessFenced(() => host.emit(this, topic, payload)),
      dropped: (note) => host.dropped(this, note),
    });
    this.#calls.limit(host.budgets);
    this.#link = this.#createLink(isolate);
    this.#delivery = new Delivery({
      deliver: (batch) => this.#link.exchange('deliver', batch),
      post: (batch) => this.#link.note('work', batch),
      abort: (note) => this.#link.note('abort', note),
      flush: () => this.#link.flush(),
    });
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

  get isFenced(): boolean {
    return this.#fence.isClosed;
  }

  /** It was fenced when it ended: what became of it then is nobody's concern. */
  get wasReplaced(): boolean {
    return this.#wasReplaced;
  }

  get isDraining(): boolean {
    return this.#isDraining;
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

  /** It is paused by the host. */
  get standsStill(): boolean {
    return this.#snapshotsTaken > 0;
  }

  /** A snapshot of its heap is among what it uses. */
  get holdsSnapshot(): boolean {
    return this.#snapshotsRead > 0;
  }

  /** What it logged last, the oldest line first. */
  get lastLines(): LogLine[] {
    return this.#intake.lastLines;
  }

  /** How much is under way: calls, and events whose handlers have not ended. */
  get busyWith(): number {
    return this.#inFlight.size;
  }

  /** Calls it once, when something is under way. */
  onceBusy(begin: () => void): void {
    this.#inFlight.onceBusy(begin);
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
    this.#inFlight.removeKind('configure');
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

  /** The objects on its heap, in the format of Chrome's tools, in pieces. It stands still until it has the first. */
  async *heapSnapshot(): AsyncGenerator<Uint8Array> {
    const number = ++this.#snapshots;
    this.#snapshotsRead++;
    try {
      await this.#takeSnapshot(number);
      for (;;) {
        const piece = check.checkPiece(await this.#link.request('readSnapshot', number));
        if (piece === null) return;
        yield piece;
      }
    } finally {
      this.#snapshotsRead--;
      this.#link.note('dropSnapshot', number);
    }
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
    this.#delivery.send(work, this.#inFlight.add(work));
  }

  /** Resolves when everything sent so far has arrived and been started, or when it ends. */
  received(): Promise<void> {
    return this.#delivery.flush();
  }

  /** Resolves when nothing is under way any more, not counting what `except` is done on behalf of; or when it ends. */
  drain(except: ReadonlySet<Invocation>): Promise<void> {
    this.#isDraining = true;
    return this.#inFlight.idle(except);
  }

  /** Somebody waits for an operation on it: on whose behalf that is, a drain no longer waits for. */
  askedFor(): void {
    this.#inFlight.wake();
  }

  /** Settles whatever is still under way: calls reject with `error`, events are unhandled. */
  cut(error: () => unknown, reason: DeadLetterReason): void {
    for (const invocation of this.#inFlight.removeAll()) {
      if (invocation instanceof CallWork) invocation.reject(error());
      else if (invocation instanceof EventWork) this.#host.unhandled(this, invocation, reason);
    }
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
          this.#booted.resolve();
        },
        log: (note: unknown) => this.#intake.log(check.checkLog(note)),
        dropped: (note: unknown) => host.dropped(this, check.checkDropped(note)),
        loaded: (note: unknown) => void this.build.inputs.addFiles(check.checkSetupReport(note).inputs),
        register: (note: unknown) =>
          this.#unlessFenced(() => host.registered(this, this.registrations.add(note))),
        unregister: (note: unknown) =>
          this.#unlessFenced(() => host.unregistered(this, this.registrations.remove(note))),
        state: (note: unknown) =>
          this.#unlessFenced(() => host.writeState(this, this.#stateWrites.read(check.checkStateNote(note)))),
        emit: (note: unknown) => this.#intake.emit(check.checkEmit(note)),
        configChecked: () => {
          this.#checksConfig = false;
        },
        done: (note: unknown) => this.#done(note),
        failed: (note: unknown) => this.#failed(note),
        abort: (note: unknown) => this.#calls.abort(note),
        fatal: (note: unknown) => isolate.blame(check.checkFatal(note)),
      },
      onViolation: (reason) =>
        this.end({ kind: 'protocol-violation', text: `it sent a malformed message: ${reason}` }),
    });
  }

  async #takeSnapshot(number: number): Promise<void> {
    this.#snapshotsTaken++;
    try {
      await this.#link.request('takeSnapshot', number);
    } finally {
      this.#snapshotsTaken--;
    }
  }

  async #step(
    name: 'setup' | 'teardown' | 'configure',
    message: (invocation: number) => unknown,
  ): Promise<unknown> {
    const number = this.#inFlight.add({ kind: name, parent: undefined, generation: this, isOver: false });
    try {
      return await this.#link.request(name, message(number));
    } finally {
      this.#inFlight.remove(number);
    }
  }

  #done(note: unknown): void {
    const { calls, results, failed, events } = check.checkDone(note);
    const now = performance.now();
    for (const invocation of events) {
      const event = this.#remove(invocation, now);
      // It may end before it has answered that the event arrived.
      if (event instanceof EventWork) event.delivered();
    }
    const errors = new Set(failed);
    for (const [index, invocation] of calls.entries()) {
      const call = this.#removeCall(invocation, now);
      if (errors.has(index)) call?.reject(decodeError(results[index] as WireError));
      else call?.resolve(results[index]);
    }
  }

  #removeCall(number: number, now: number): CallWork | undefined {
    const work = this.#remove(number, now);
    return work instanceof CallWork ? work : undefined;
  }

  /** It was done, well or not. */
  #remove(number: number, now: number): Invocation | undefined {
    const work = this.#inFlight.remove(number);
    if (work instanceof CallWork || work instanceof EventWork) this.timings.record(now - work.sentAt);
    return work;
  }

  #failed(note: unknown): void {
    const { invocation, error } = check.checkFailed(note);
    const work = this.#inFlight.get(invocation);
    if (work instanceof EventWork) this.#host.handlerFailed(work, decodeError(error));
  }

  #callHost(note: unknown, to: 'bot' | 'offload'): Promise<unknown> {
    const message = check.checkHostCall(note);
    if (!this.#fence.lets()) {
      const text = `Generation ${this.number} of plugin '${this.plugin}' was replaced and can no longer use the host`;
      throw new BulkheadError('ERR_PLUGIN_FENCED', text, { plugin: this.plugin, generation: this.number });
    }
    const { method, args, on } = message;
    return this.#calls.run(message, () => {
      if (to === 'bot') return this.#host.bot(method, args, this.#inFlight.get(on));
      const options = args[1] as { signal?: AbortSignal } | undefined;
      return this.#host.offload(this, method, args[0], options?.signal);
    });
  }

  #unlessFenced(change: () => void): void {
    if (this.#fence.lets()) change();
  }

  #reportRefused(): void {
    const { refused } = this.#fence;
    if (refused === 0) return;
    const text =
      `Generation ${this.number} tried to use the host after its end, and was refused (${refused} times). ` +
      'End what goes on by itself when ctx.signal aborts, or in ctx.onTeardown';
    this.#host.log({ level: 'warn', fields: { refused }, text });
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
    this.cut(error, this.#settleError === undefined ? 'crashed' : 'stopped');
    this.fence();
    this.#intake.end();
    this.#reportRefused();
    this.#host.ended(this, end);
  }
}
