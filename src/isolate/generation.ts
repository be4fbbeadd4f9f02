import { BulkheadError, PluginCrashedError, PluginStoppedError } from '../errors.ts';
import type { Build } from '../source/build.ts';
import type { DeadLetterReason } from '../status.ts';
import { isRecord, isWireError } from '../wire/check.ts';
import type { WireError } from '../wire/frames.ts';
import { Link } from '../wire/link.ts';
import type {
  AbortNote,
  ConfigureReport,
  EventMessage,
  HostCallMessage,
  InvokeMessage,
  LoadMessage,
  PluginMetadata,
  SetupReport,
  StateEntries,
  StateNote,
} from '../wire/messages.ts';
import { joinSignals, watchSignals } from '../wire/signals.ts';
import { decodeError, encodeError } from '../wire/wire-error.ts';
import {
  checkEmit,
  checkLog,
  checkMetadata,
  checkSetupReport,
  checkStateEntries,
  checkStateNote,
} from './check-notes.ts';
import type { EndReason, Isolate, IsolateEnd } from './isolate.ts';
import { Registrations } from './registrations.ts';
import { CallWork, chainHas, EventWork, type Invocation, type Work } from './work.ts';

/** What a generation needs from the host. Every function must bear anything: its arguments come from the plugin. */
export interface GenerationHost {
  /** Name of the plugin. */
  readonly name: string;
  /** A call of `ctx.bot`. */
  bot(generation: Generation, method: string, args: unknown[], on: Invocation | undefined): unknown;
  offload(
    generation: Generation,
    url: string,
    input: unknown,
    signal: AbortSignal | undefined,
  ): Promise<unknown>;
  log(generation: Generation, note: { level: string; fields: Record<string, unknown>; text: string }): void;
  emit(generation: Generation, topic: string, payload: unknown): void;
  writeState(generation: Generation, note: StateNote): void;
  registrationsChanged(generation: Generation): void;
  deadLetter(generation: Generation, event: EventWork, reason: DeadLetterReason): void;
  handlerFailed(generation: Generation, event: EventWork, error: unknown): void;
  ended(generation: Generation, end: IsolateEnd): void;
}

/** One load of a plugin: an isolate, the link into it, and what is under way in it. */
export class Generation {
  readonly number: number;
  readonly build: Build;
  readonly registrations = new Registrations();
  readonly #isolate: Isolate;
  readonly #host: GenerationHost;
  readonly #link: Link;
  readonly #inFlight = new Map<number, Invocation>();
  readonly #hostCalls = new Map<number, AbortController[]>();
  readonly #idleWaiters = new Set<() => void>();
  #metadata!: PluginMetadata;
  #methods: readonly string[] = [];
  #lastInvocation = 0;
  #events: EventMessage[] = [];
  #eventWorks: EventWork[] = [];
  #flushPlanned = false;
  #fenced = false;
  #refused = 0;
  #draining = false;
  #end: IsolateEnd | undefined;
  #settleError: ((generation: Generation) => unknown) | undefined;

  constructor(number: number, build: Build, isolate: Isolate, host: GenerationHost) {
    this.number = number;
    this.build = build;
    this.#isolate = isolate;
    this.#host = host;
    this.#link = new Link({
      channel: isolate.channel,
      methods: {
        bot: (message: HostCallMessage) => this.#callHost(message, 'bot'),
        offload: (message: HostCallMessage) => this.#callHost(message, 'offload'),
      },
      notes: {
        booted: () => {},
        log: (note: unknown) => host.log(this, checkLog(note)),
        register: (note: unknown) =>
          this.#unlessFenced(() => {
            this.registrations.add(note);
            host.registrationsChanged(this);
          }),
        unregister: (note: unknown) =>
          this.#unlessFenced(() => {
            this.registrations.remove(note);
            host.registrationsChanged(this);
          }),
        state: (note: unknown) => this.#unlessFenced(() => host.writeState(this, checkStateNote(note))),
        emit: (note: unknown) =>
          this.#unlessFenced(() => {
            const { topic, payload } = checkEmit(note);
            host.emit(this, topic, payload);
          }),
        done: (note: unknown) => this.#eventDone(note),
        abort: (note: unknown) => this.#abortHostCall(note),
        fatal: (note: unknown) => this.#isolate.blame(fatalReason(note)),
      },
      onViolation: (reason) =>
        this.end({ kind: 'protocol-violation', text: `it sent a malformed message: ${reason}` }),
    });
    isolate.onOutput((stream, text) =>
      host.log(this, { level: stream === 'stdout' ? 'info' : 'error', fields: { source: stream }, text }),
    );
    void isolate.ended.then((end) => this.#ended(end));
  }

  /** Name of the plugin. */
  get plugin(): string {
    return this.#host.name;
  }

  get tier(): Isolate['tier'] {
    return this.#isolate.tier;
  }

  get metadata(): PluginMetadata {
    return this.#metadata;
  }

  /** Names of the functions that setup returned. */
  get methods(): readonly string[] {
    return this.#methods;
  }

  get ended(): Promise<IsolateEnd> {
    return this.#isolate.ended;
  }

  get gone(): Promise<void> {
    return this.#isolate.gone;
  }

  get isAlive(): boolean {
    return this.#end === undefined;
  }

  get isFenced(): boolean {
    return this.#fenced;
  }

  get isDraining(): boolean {
    return this.#draining;
  }

  /** How much is under way: calls, and events whose handlers have not ended. */
  get busyWith(): number {
    return this.#inFlight.size;
  }

  /** What it tried after its fence, in total. */
  get refused(): number {
    return this.#refused;
  }

  /** Imports the module and checks what it says of itself. */
  async load(message: LoadMessage): Promise<PluginMetadata> {
    const report = await this.#link.request('load', message);
    const { metadata, inputs } = checkMetadata(report);
    this.#metadata = metadata;
    await this.build.inputs.addFiles(inputs);
    return metadata;
  }

  async migrate(entries: StateEntries, fromVersion: number): Promise<StateEntries> {
    return checkStateEntries(await this.#link.request('migrate', { entries, fromVersion }));
  }

  async setup(entries: StateEntries, parent: Invocation | undefined): Promise<void> {
    const report: SetupReport = checkSetupReport(
      await this.#exchange('setup', parent, (invocation) => ({ invocation, entries })),
    );
    this.#methods = report.methods;
    await this.build.inputs.addFiles(report.inputs);
  }

  async configure(config: unknown): Promise<ConfigureReport> {
    const report = await this.#exchange('configure', undefined, (invocation) => ({ invocation, config }));
    return { applied: isRecord(report) && report.applied === true };
  }

  /** Runs what the plugin registered with `onTeardown`. */
  async teardown(): Promise<void> {
    await this.#exchange('teardown', undefined, (invocation) => ({ invocation }));
  }

  /** Resolves when everything sent so far has arrived and been started, or when it ends. */
  async received(): Promise<void> {
    this.#flushEvents();
    await this.#link.exchange('events', []);
  }

  /** Tells it of a write that another generation made. */
  forwardState(note: StateNote): void {
    this.#link.note('state', note);
  }

  dispatch(work: Work): void {
    work.generation = this;
    const invocation = ++this.#lastInvocation;
    this.#inFlight.set(invocation, work);
    if (work instanceof EventWork) this.#queueEvent(work, invocation);
    else void this.#invoke(work, invocation);
  }

  /** Resolves when nothing is under way any more, not counting what waits for `except`'s chain; or when it ends. */
  drain(except: Invocation | undefined): Promise<void> {
    this.#draining = true;
    return new Promise((resolve) => {
      const check = () => {
        for (const invocation of this.#inFlight.values()) {
          if (this.isAlive && !chainHas(except, (link) => link === invocation)) return;
        }
        this.#idleWaiters.delete(check);
        resolve();
      };
      this.#idleWaiters.add(check);
      check();
    });
  }

  /** Settles whatever is still under way: calls reject with `error`, events are dead letters. */
  cut(error: () => unknown, reason: DeadLetterReason): void {
    const cut = [...this.#inFlight.values()];
    this.#inFlight.clear();
    this.#events = [];
    for (const invocation of cut) {
      if (invocation instanceof CallWork) invocation.reject(error());
      else if (invocation instanceof EventWork) {
        invocation.delivered(reason);
        this.#host.deadLetter(this, invocation, reason);
      }
    }
    this.#wakeIdleWaiters();
  }

  /** From here on it cannot change anything: what it still tries is refused and counted. */
  fence(): void {
    this.#fenced = true;
    this.#abortHostCalls();
  }

  /** Ends it, for this reason unless it has one already. */
  end(reason: EndReason, settleWith?: (generation: Generation) => unknown): void {
    this.#settleError ??= settleWith;
    this.#isolate.end(reason);
  }

  async #exchange(
    name: 'setup' | 'teardown' | 'configure',
    parent: Invocation | undefined,
    message: (invocation: number) => unknown,
  ): Promise<unknown> {
    const number = ++this.#lastInvocation;
    const invocation: Invocation = { kind: name, parent, generation: this };
    this.#inFlight.set(number, invocation);
    try {
      return await this.#link.request(name, message(number));
    } finally {
      this.#settled(number);
    }
  }

  async #invoke(work: CallWork, invocation: number): Promise<void> {
    this.#flushEvents();
    const unwatch = watchSignals(work.split.signals, (which, reason) => {
      const note: AbortNote = { call: invocation, which, reason: encodeError(reason) };
      this.#link.note('abort', note);
    });
    const message: InvokeMessage = {
      invocation,
      target: work.target,
      args: work.split.args,
      signals: work.split.places,
    };
    const outcome = await this.#link.exchange('invoke', message);
    unwatch();
    if (!this.#settled(invocation)) return;
    if (outcome.ok) work.resolve(outcome.value);
    else work.reject(decodeError(outcome.error));
  }

  #queueEvent(work: EventWork, invocation: number): void {
    this.#events.push({ invocation, topic: work.topic, payload: work.payload, source: work.source });
    this.#eventWorks.push(work);
    if (this.#flushPlanned) return;
    this.#flushPlanned = true;
    process.nextTick(() => {
      this.#flushPlanned = false;
      this.#flushEvents();
    });
  }

  #flushEvents(): void {
    if (this.#events.length === 0) return;
    const works = this.#eventWorks;
    const events = this.#events;
    this.#events = [];
    this.#eventWorks = [];
    void this.#link.exchange('events', events).then((outcome) => {
      if (outcome.ok) for (const work of works) work.delivered();
    });
  }

  #eventDone(note: unknown): void {
    const { invocation, errors } = note as { invocation: number; errors: WireError[] };
    const work = this.#inFlight.get(invocation);
    if (
      !(work instanceof EventWork) ||
      !Array.isArray(errors) ||
      !errors.every((error) => isWireError(error))
    ) {
      if (work !== undefined) throw new TypeError('a malformed report of a handled event');
      return;
    }
    this.#settled(invocation);
    for (const error of errors) this.#host.handlerFailed(this, work, decodeError(error));
  }

  /** Whether it was still under way. */
  #settled(invocation: number): boolean {
    const was = this.#inFlight.delete(invocation);
    if (was) this.#wakeIdleWaiters();
    return was;
  }

  #wakeIdleWaiters(): void {
    for (const wake of [...this.#idleWaiters]) wake();
  }

  async #callHost(message: HostCallMessage, to: 'bot' | 'offload'): Promise<unknown> {
    const { on, call, method, args, signals } = checkHostCall(message);
    if (this.#fenced) {
      this.#refused++;
      throw new BulkheadError(
        'ERR_PLUGIN_FENCED',
        `Generation ${this.number} of plugin '${this.plugin}' was replaced and can no longer use the host`,
        { plugin: this.plugin, generation: this.number },
      );
    }
    const controllers = joinSignals(args, signals);
    if (controllers.length > 0) this.#hostCalls.set(call, controllers);
    try {
      if (to === 'bot') return await this.#host.bot(this, method, args, this.#inFlight.get(on));
      const options = args[1] as { signal?: AbortSignal } | undefined;
      return await this.#host.offload(this, method, args[0], options?.signal);
    } finally {
      this.#hostCalls.delete(call);
    }
  }

  #abortHostCall(note: unknown): void {
    const { call, which, reason } = note as AbortNote;
    if (!isWireError(reason)) throw new TypeError('a malformed abort');
    this.#hostCalls.get(call)?.[which]?.abort(decodeError(reason));
  }

  #abortHostCalls(): void {
    const reason = new PluginStoppedError(this.plugin, this.number);
    for (const controllers of this.#hostCalls.values())
      for (const controller of controllers) controller.abort(reason);
    this.#hostCalls.clear();
  }

  #unlessFenced(change: () => void): void {
    if (this.#fenced) this.#refused++;
    else change();
  }

  #ended(end: IsolateEnd): void {
    this.#end = end;
    const error = () =>
      this.#settleError?.(this) ??
      new PluginCrashedError(this.plugin, this.number, end.kind, end.text, end.error);
    this.#link.end(error);
    this.cut(error, this.#settleError === undefined ? 'crashed' : 'stopped');
    this.#fenced = true;
    this.#abortHostCalls();
    this.#host.ended(this, end);
  }
}

function checkHostCall(message: HostCallMessage): HostCallMessage {
  const { on, call, method, args, signals } = message as Partial<HostCallMessage>;
  const valid =
    typeof on === 'number' &&
    typeof call === 'number' &&
    typeof method === 'string' &&
    Array.isArray(args) &&
    Array.isArray(signals) &&
    signals.every(
      (place) => Array.isArray(place) && Number.isInteger(place[0]) && place[0] >= 0 && place[0] < 256,
    );
  if (!valid) throw new TypeError('a malformed call of the host');
  return message;
}

function fatalReason(note: unknown): EndReason {
  const error = isRecord(note) && isWireError(note.error) ? decodeError(note.error as WireError) : undefined;
  return { kind: 'uncaught-exception', text: `uncaught ${describe(error)}`, error };
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : `value ${String(error)}`;
}
