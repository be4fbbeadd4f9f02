import { createRequire } from 'node:module';
import { Allowance } from '../wire/allowance.ts';
import type { Channel } from '../wire/frames.ts';
import { Link } from '../wire/link.ts';
import type {
  AbortNote,
  ConfigMessage,
  ConfigureMessage,
  ForwardedState,
  LoadMessage,
  LoadReport,
  MigrateMessage,
  SetupMessage,
  SetupReport,
  SnapshotRead,
  WorkMessage,
} from '../wire/messages.ts';
import { snapshot } from '../wire/snapshot.ts';
import type { VitalSigns } from '../wire/vitals.ts';
import { encodeError } from '../wire/wire-error.ts';
import type { PluginDefinition } from './api.ts';
import { Configuration } from './configuration.ts';
import { createContext } from './context.ts';
import { cpuProfile } from './cpu-profile.ts';
import { checkDefinition, findDefinition } from './definition.ts';
import { PluginFunctions } from './functions.ts';
import { denyModules } from './guard.ts';
import { Handlers } from './handlers.ts';
import type { HeapSnapshots } from './heap-snapshots.ts';
import { HostCalls } from './host-calls.ts';
import { Invocations } from './invocations.ts';
import { captureConsole, createLogger } from './logging.ts';
import { migrated } from './migration.ts';
import { Outcomes } from './outcomes.ts';
import { PromptLines } from './prompt-lines.ts';
import { RuntimeState } from './state.ts';
import { Work } from './work.ts';

export type ImportModule = (url: string) => Promise<Record<string, unknown>>;

/** The inside of an isolate: loads one plugin, once, and does what the host asks of it until the isolate ends. */
export class Runtime {
  readonly #importModule: ImportModule;
  readonly #link: Link;
  readonly #invocations = new Invocations();
  readonly #handlers: Handlers;
  readonly #calls: HostCalls;
  readonly #state: RuntimeState;
  readonly #outcomes: Outcomes;
  readonly #promptLines = new PromptLines(() => this.#link.flush());
  readonly #outgoing: Allowance;
  readonly #teardown = new AbortController();
  readonly #disposers: (() => unknown)[] = [];
  readonly #config: Configuration;
  readonly #work: Work;
  readonly #heapSnapshots: HeapSnapshots;
  #flushOutput = () => {};
  #load!: LoadMessage;
  #definition!: PluginDefinition;
  /** Modules that were required, when that was told last. */
  #loadedCount = OWN_FILES.size;

  constructor(channel: Channel, importModule: ImportModule, heapSnapshots: HeapSnapshots) {
    this.#importModule = importModule;
    this.#heapSnapshots = heapSnapshots;
    this.#link = new Link({
      channel,
      methods: {
        load: (message: LoadMessage) => this.#loadPlugin(message),
        checkConfig: (message: ConfigMessage) => this.#config.takeFirst(message.config),
        migrate: (message: MigrateMessage) => migrated(this.#definition.state, message),
        setup: (message: SetupMessage) => this.#setup(message),
        cpuProfile: (ms: number) => cpuProfile(ms),
        takeSnapshot: (number: number) => this.#heapSnapshots.take(number),
        readSnapshot: (read: SnapshotRead) =>
          this.#heapSnapshots.read(read, (piece) => this.#link.note('snapshotPiece', piece)),
        deliver: (batch: WorkMessage[]) => this.#work.deliver(batch),
        clearState: () => this.#state.clear(),
        configure: (message: ConfigureMessage) => this.#config.change(message),
        teardown: (message: { invocation: number }) => this.#tearDown(message.invocation),
      },
      notes: {
        work: (batch: WorkMessage[]) => this.#work.deliver(batch),
        abort: (note: AbortNote) => this.#invocations.abort(note),
        state: (change: ForwardedState) => this.#state.apply(change),
        stateRead: (bytes: number) => this.#state.wasRead(bytes),
        giveUpConfigure: () => this.#config.giveUp(),
        dropSnapshot: (number: number) => this.#heapSnapshots.drop(number),
      },
      onViolation: (reason) => {
        throw new Error(`The host sent something malformed: ${reason}`);
      },
    });
    this.#outgoing = new Allowance({
      log: (note) => {
        this.#link.note('log', note);
        this.#promptLines.written();
      },
      emit: (note) => this.#link.note('emit', note),
      dropped: (note) => this.#link.note('dropped', note),
    });
    this.#outcomes = new Outcomes({
      done: (note) => this.#link.note('done', note),
      flush: () => this.#link.flush(),
    });
    this.#calls = new HostCalls(this.#link, this.#invocations);
    this.#state = new RuntimeState((note) => this.#noteNow('state', note));
    this.#handlers = new Handlers({
      register: (registration) => this.#link.note('register', registration),
      unregister: (id) => this.#link.note('unregister', { id }),
    });
    this.#config = new Configuration({
      run: (invocation, handler) => this.#invocations.run(invocation, handler),
      checked: () => this.#noteNow('configChecked', undefined),
    });
    this.#work = new Work({
      invocations: this.#invocations,
      handlers: this.#handlers,
      outcomes: this.#outcomes,
      failed: (note) => this.#link.note('failed', note),
    });
  }

  /** Makes it the one that speaks for this thread: what is printed and what is not caught goes through its channel. */
  takeOver(): void {
    this.#flushOutput = captureConsole(this.#outgoing);
    process.on('exit', () => this.lastWords());
    let origin: string | undefined;
    process.on('uncaughtExceptionMonitor', (_error, from) => {
      origin = from;
    });
    // A capture callback, since listeners of the plugin could keep a broken generation alive.
    process.setUncaughtExceptionCaptureCallback((error) => this.die(error, origin));
    process.on('unhandledRejection', (reason) => this.die(reason, 'unhandledRejection'));
    this.#noteNow('booted', {});
  }

  /** Tells of local files that were required since that was told last. */
  tellLoaded(): void {
    const count = Object.keys(cache).length;
    if (count === this.#loadedCount || this.#definition === undefined) return;
    this.#loadedCount = count;
    this.#noteNow('loaded', { inputs: loadedFiles() });
  }

  /** A plugin whose heap runs low is replaced, if there is time. */
  tellLowHeap(signs: VitalSigns): void {
    this.#noteNow('lowHeap', signs);
  }

  /** Sends all that was said so far. */
  lastWords(): void {
    this.#flushOutput();
    this.#outgoing.flush();
    this.#outcomes.flush();
    this.#link.flush();
  }

  /** Ends this thread because of an error. */
  die(error: unknown, origin?: string): never {
    this.#noteNow('fatal', { error: encodeError(error), origin });
    process.exit(1);
  }

  async #loadPlugin(message: LoadMessage): Promise<LoadReport> {
    this.#load = message;
    this.#outgoing.limit(message.budgets);
    this.#calls.limit(message.budgets.pendingCalls, message.budgets.pendingCallBytes);
    this.#state.limit(message.stateBytes);
    Object.assign(process.env, message.env);
    denyModules(message.denied);
    const exports = await this.#importModule(message.url);
    this.#definition = findDefinition(exports);
    const metadata = checkDefinition(this.#definition);
    this.#config.schema = this.#definition.config;
    return { metadata, inputs: loadedFiles() };
  }

  async #setup(message: SetupMessage): Promise<SetupReport> {
    this.#state.load(message.entries);
    const log = createLogger((note) => this.#outgoing.log(note));
    const ctx = createContext({
      name: this.#definition.name,
      generation: this.#load.generation,
      config: () => this.#config.value,
      bot: this.#calls.proxy(this.#load.bot),
      log,
      signal: this.#teardown.signal,
      state: this.#state,
      handlers: this.#handlers,
      calls: this.#calls,
      emit: (topic, payload) => {
        if (this.#outgoing.areEmitsSpent) this.#outgoing.drop('emit');
        else this.#outgoing.emit({ topic, payload: snapshot(payload, `payload of '${topic}'`) });
      },
      disposers: this.#disposers,
      configHandlers: this.#config.handlers,
    });
    const returned: unknown = await this.#invocations.run(message.invocation, () =>
      this.#definition.setup(ctx),
    );
    this.#work.functions = new PluginFunctions(returned, (text) => log.warn(text));
    return { inputs: loadedFiles() };
  }

  /** Runs every disposer, last registered first, whatever the others do; then rejects with what they threw. */
  async #tearDown(invocation: number): Promise<void> {
    const errors: unknown[] = [];
    await this.#invocations.run(invocation, async () => {
      this.#teardown.abort();
      for (let dispose = this.#disposers.pop(); dispose !== undefined; dispose = this.#disposers.pop()) {
        try {
          await dispose();
        } catch (error) {
          errors.push(error);
        }
      }
    });
    this.#flushOutput();
    this.#outgoing.flush();
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, `${errors.length} teardown functions threw`);
  }

  #noteNow(name: string, value: unknown): void {
    this.#link.note(name, value);
    this.#link.flush();
  }
}

const { cache } = createRequire(import.meta.url);
const OWN_FILES = new Set(Object.keys(cache));

/** Local files that reached this thread by `require`, which the build did not see. */
function loadedFiles(): string[] {
  return Object.keys(cache).filter((file) => !OWN_FILES.has(file) && !file.includes('node_modules'));
}
