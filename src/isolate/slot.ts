import { BulkheadError, type ErrorCode, PluginStoppedError } from '../errors.ts';
import { Lifecycle, type PluginState } from '../lifecycle.ts';
import type { ResolvedPluginOptions, StateStore } from '../options.ts';
import type { Build } from '../source/build.ts';
import type { Discovered, Place } from '../source/discover.ts';
import type { Fingerprint } from '../source/fingerprint.ts';
import type { DeadLetterReason, LogLevel, Report } from '../status.ts';
import { Turns } from '../turns.ts';
import { MIB } from '../units.ts';
import type { CallTarget, PluginMetadata, Registration, StateChange } from '../wire/messages.ts';
import { splitSignals, watchSignals } from '../wire/signals.ts';
import type { Deadlines } from './deadlines.ts';
import type { Generation } from './generation.ts';
import { Inbox } from './inbox.ts';
import type { IsolateEnd } from './isolate.ts';
import { onBehalfOf } from './on-behalf-of.ts';
import { Patience } from './patience.ts';
import { Requests } from './requests.ts';
import { SlotState } from './slot-state.ts';
import { CallWork, EventWork, type Invocation } from './work.ts';

/** Where the last error is the reason why nothing runs. */
const ENDED_BY_ERROR = new Set<PluginState>(['failed', 'backoff', 'quarantined']);

/** What a slot needs from the rest of the host. */
export interface SlotHost {
  readonly deadlines: Deadlines;
  readonly store: StateStore;
  readonly report: Report;
  bot(method: string, args: unknown[]): unknown;
  offload(
    slot: Slot,
    generation: Generation,
    url: string,
    input: unknown,
    signal?: AbortSignal,
  ): Promise<unknown>;
  emit(slot: Slot, topic: string, payload: unknown): void;
  /** Something was registered by the generation that serves, or removed again. */
  registered(slot: Slot, registration: Registration): void;
  unregistered(slot: Slot, id: number): void;
  /** A generation ended, for whatever reason. */
  ended(slot: Slot, generation: Generation, end: IsolateEnd): void;
}

/** Another plugin has the name or a command that a version wants, which was refused therefore. */
export interface Block {
  slot: Slot;
  /** The build of it that served then. */
  build: Build | undefined;
  /** It is its id that is wanted, which it keeps. */
  isForGood: boolean;
  /** It waited then, in the end, for the plugin whose version was refused: what is wanted, it keeps all the same. */
  waited: boolean;
  /** The name of the version that was refused. */
  name: string;
  /** Its commands, in lower case; `undefined` if it was refused before its setup. */
  commands: ReadonlySet<string> | undefined;
}

interface Wait {
  /** It is given up. */
  interrupt(): void;
  /** It was only for as long as the current generation serves. */
  hurry?(): void;
}

/** Outlives the generations of one plugin: callers hold it, never a thread. */
export class Slot {
  readonly id: string;
  /** The file or folder in the plugin directory, and the module to build. */
  path!: string;
  entry!: string;
  /** Why it cannot be loaded as it lies there. */
  problem: BulkheadError | undefined;
  readonly options: ResolvedPluginOptions;
  config: unknown;
  readonly lifecycle: Lifecycle;
  readonly inbox: Inbox;
  readonly requests: Requests;
  readonly state: SlotState;
  /** How long drain and teardown may take at the most, whatever the options say. */
  readonly patience = new Patience();
  /** The generation that is being loaded or set up. */
  next: Generation | undefined;
  lastGeneration = 0;
  /** The exit code of the one that was being loaded or set up, if it ended by itself. */
  earlyExitCode: number | undefined;
  /** What was last acted on: accepted, failed, or rolled back from. */
  acted: Fingerprint | undefined;
  /** Its newest version, as far as it was read, if it could not be tried for want of something: it was not acted on. */
  untried: { inputs: Fingerprint | undefined } | undefined;
  /** `acted`, if that was rolled back from: only a change of the files, or `reload`, tries the version on disk again. */
  rolledBackFrom: Fingerprint | undefined;
  /** The build that serves or last served. */
  accepted: Build | undefined;
  /** The builds accepted before it, the newest last, each with the state it left. */
  history: { build: Build; state: ReturnType<SlotState['save']> }[] = [];
  /** `unload` was asked for: a change of its file does not bring it back. */
  unloaded = false;
  /** Its file is gone and it was taken out of the table: an operation that still waits must not start it. */
  isRemoved = false;
  /** Who is in the way of the newest version, which was refused. */
  blockedBy: Block | undefined;
  /** A wait of the operation under way that nothing else would end. */
  wait: Wait | undefined;
  /** How many wait to stop it: what is being started is not worth going on with. */
  stopsWanted = 0;
  /** While two generations serve, each sees what the other writes. */
  stateWritten: (generation: Generation, change: StateChange) => void = () => {};
  /** On whose behalf operations wait or run: nothing may wait for these. */
  readonly askers = new Set<Invocation>();
  reloads = 0;
  crashes = 0;
  /** How many of its threads have not ended although they were told to. */
  zombies = 0;
  readonly #host: SlotHost;
  #name: string;
  #current: Generation | undefined;
  #lastServed: { number: number; metadata: PluginMetadata } | undefined;
  #lastFailure: { error: Error; at: Date } | undefined;
  readonly #turns = new Turns();

  constructor(place: Discovered, options: ResolvedPluginOptions, config: unknown, host: SlotHost) {
    this.id = place.id;
    this.#name = place.id;
    this.settleAt(place);
    this.options = options;
    this.config = config;
    this.#host = host;
    this.requests = new Requests(this, host);
    this.state = new SlotState(place.id, host.store);
    this.lifecycle = new Lifecycle(place.id);
    this.inbox = new Inbox(() => this.name, options.queueLimit, {
      deadLetter: (event, reason) => this.requests.deadLetter(event, reason),
    });
    this.refuseWork('unavailable');
  }

  /** It lies somewhere else, or is no longer what it was. */
  settleAt({ path, entry, problem }: Place): void {
    this.path = path;
    this.entry = entry;
    this.problem = problem;
  }

  liesAt({ entry, problem }: Place): boolean {
    return this.entry === entry && this.problem?.message === problem?.message;
  }

  /** Reads its state out of the store, once. Rejects with `ERR_STATE_STORE`. */
  loadState(): Promise<void> {
    const what = `The state store did not load the state of '${this.id}'`;
    return this.withinStartMs(this.state.load(), 'ERR_STATE_STORE', what);
  }

  /** A step of its start. Rejects with `code` if it takes longer than `startMs`; `what` says what has not happened then. */
  withinStartMs<T>(step: Promise<T>, code: ErrorCode, what: string, advice = ''): Promise<T> {
    const { startMs } = this.options;
    return this.patience.wait(step, startMs, () => {
      return new BulkheadError(code, `${what} within ${startMs} ms${advice}`, { plugin: this.name });
    });
  }

  /** The generation that serves, or served until it crashed. */
  get current(): Generation | undefined {
    return this.#current;
  }

  /** What the generation says of itself that serves, or served last. */
  get metadata(): PluginMetadata | undefined {
    return this.#lastServed?.metadata;
  }

  /** Its metadata's name, its id until it has loaded once. */
  get name(): string {
    return this.#name;
  }

  /** The number of the generation that serves, or served last; 0 if none ever did. */
  get lastServed(): number {
    return this.#lastServed?.number ?? 0;
  }

  get lastFailure(): { error: Error; at: Date } | undefined {
    return this.#lastFailure;
  }

  /** Its current generation takes what comes. */
  get isServing(): boolean {
    return this.lifecycle.state === 'running' && this.current?.isAlive === true;
  }

  /** All that it can be started with. */
  get builds(): Build[] {
    const earlier = this.history.map(({ build }) => build);
    return this.accepted === undefined ? earlier : [...earlier, this.accepted];
  }

  /** How large its state may become. */
  get stateBytes(): number {
    return this.options.limits.stateMb * MIB;
  }

  /** One operation at a time on a slot; others wait their turn, whatever becomes of this one. */
  exclusively<T>(operation: () => Promise<T>): Promise<T> {
    return this.#turns.take(operation);
  }

  call(target: CallTarget, args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const parent = onBehalfOf.getStore();
      this.inbox.checkRoom(parent);
      const timeoutMs = target.kind === 'tick' ? Number.POSITIVE_INFINITY : this.options.callTimeoutMs;
      const split = splitSignals(args);
      for (const signal of split.signals) signal.throwIfAborted();
      const work = new CallWork({ plugin: this.name, target, split, parent, timeoutMs, resolve, reject });
      this.#host.deadlines.add(work, timeoutMs);
      // Once a generation has it, the abort is passed on, and the plugin decides.
      const unwatch = watchSignals(split.signals, (_which, reason) => {
        if (work.generation === undefined) work.reject(reason);
      });
      work.onSettled(() => {
        this.#host.deadlines.delete(work, timeoutMs);
        unwatch();
      });
      this.inbox.push(work);
    });
  }

  /**
   * Gives an event to the plugin if it wants it, now or after the pause.
   *
   * @param settled called once, when it is delivered or with the reason why it never will be
   * @returns whether the plugin wants it; otherwise nothing is heard of it again
   */
  offer(
    topic: string,
    payload: unknown,
    source: string,
    settled: (failure?: DeadLetterReason) => void,
  ): boolean {
    const wanted = this.current?.registrations.wants(topic) ?? false;
    if (!wanted && !this.inbox.isPaused) return false;
    // Whether the next generation wants it is not known yet, and nobody is to wait for that.
    const event = new EventWork(topic, payload, source, wanted ? settled : () => {});
    event.wanted = wanted;
    this.inbox.push(event);
    return wanted;
  }

  /** Another plugin has its name now: until its newest version serves, it goes by this one. */
  goBy(name: string): void {
    this.#name = name;
  }

  /** From now on this generation serves. */
  serve(generation: Generation): void {
    this.#current = generation;
    this.#lastServed = { number: generation.number, metadata: generation.metadata };
    this.next = undefined;
    // What is started again keeps the name it has by now.
    if (generation.build !== this.accepted) this.#name = generation.metadata.name;
    generation.serve();
    this.inbox.open(generation);
    this.requests.release(generation);
  }

  /**
   * Nobody serves; what waits or comes is refused, saying in which state the plugin is. What is to be delivered again waits
   * for a restart that is planned.
   */
  refuseWork(reason: DeadLetterReason): void {
    this.inbox.close(() => this.#unavailable(), reason);
    if (this.lifecycle.state !== 'backoff') this.inbox.giveUp();
  }

  /**
   * The generation that serves.
   *
   * @throws {BulkheadError} `ERR_PLUGIN_UNAVAILABLE`
   */
  serving(): Generation {
    if (this.current?.isAlive) return this.current;
    throw this.#unavailable();
  }

  /** Ends an operation that somebody who wants to stop the plugin is waiting for. */
  throwIfStopping(): void {
    if (this.stopsWanted > 0) throw new PluginStoppedError(this.name, this.lastGeneration);
  }

  /** It runs no more, and nothing of it is left. */
  stopped(): void {
    if (this.lifecycle.state !== 'stopped') this.lifecycle.moveTo('stopped');
    const last = this.current;
    this.#current = undefined;
    this.inbox.close(() => new PluginStoppedError(this.name, this.lastGeneration), 'stopped');
    this.refuseWork('stopped');
    if (last !== undefined) this.#host.report('unloaded', { name: this.name, generation: last.number });
  }

  /** Something is to be said about it, or by it. */
  log(note: { level: LogLevel; fields: Record<string, unknown>; text: string }): void {
    this.#host.report('log', { name: this.name, ...note });
  }

  fail(error: Error): void {
    this.#lastFailure = { error, at: new Date() };
  }

  #unavailable(): Error {
    const cause = ENDED_BY_ERROR.has(this.lifecycle.state) ? this.#lastFailure?.error : undefined;
    const because = cause === undefined ? '' : `: ${cause.message}`;
    return new BulkheadError(
      'ERR_PLUGIN_UNAVAILABLE',
      `Plugin '${this.name}' does not run at the moment, it is '${this.lifecycle.state}'${because}`,
      { plugin: this.name, cause },
    );
  }
}
