import { createRequire } from 'node:module';
import { inspect } from 'node:util';
import { assertNever, BulkheadError } from '../errors.ts';
import { Allowance } from '../wire/allowance.ts';
import type { Channel, Outcome } from '../wire/frames.ts';
import { Link } from '../wire/link.ts';
import type {
  AbortNote,
  CallsMessage,
  CallTarget,
  ConfigMessage,
  ConfigureMessage,
  ConfigureReport,
  EventsMessage,
  ForwardedState,
  LoadMessage,
  LoadReport,
  MigrateMessage,
  SetupMessage,
  SetupReport,
  StateEntries,
  WorkMessage,
} from '../wire/messages.ts';
import { joinSignals, type SignalPlace } from '../wire/signals.ts';
import { snapshot } from '../wire/snapshot.ts';
import { encodeError } from '../wire/wire-error.ts';
import type { PluginDefinition } from './api.ts';
import { createContext } from './context.ts';
import { cpuProfile } from './cpu-profile.ts';
import { checkDefinition, findDefinition } from './definition.ts';
import { denyModules } from './guard.ts';
import { Handlers, type PluginEvent } from './handlers.ts';
import { HostCalls } from './host-calls.ts';
import { Invocations } from './invocations.ts';
import { captureConsole, createLogger } from './logging.ts';
import { Outcomes } from './outcomes.ts';
import { validated } from './schema.ts';
import { RuntimeState } from './state.ts';
import { isThenable } from './thenable.ts';

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
  readonly #outgoing: Allowance;
  readonly #teardown = new AbortController();
  readonly #disposers: (() => unknown)[] = [];
  readonly #configHandlers: ((config: never) => unknown)[] = [];
  #flushOutput = () => {};
  #load!: LoadMessage;
  #definition!: PluginDefinition;
  /** Modules that were required, when that was told last. */
  #loadedCount = OWN_FILES.size;
  #config: unknown;
  /** The invocation by which it is just being given another configuration; `undefined` if that was given up. */
  #configuring: number | undefined;
  /** The configuration before, as long as the plugin is just being given another. */
  #before: { config: unknown } | undefined;
  #api: Record<string, unknown> = {};

  constructor(channel: Channel, importModule: ImportModule) {
    this.#importModule = importModule;
    this.#link = new Link({
      channel,
      methods: {
        load: (message: LoadMessage) => this.#loadPlugin(message),
        checkConfig: (message: ConfigMessage) => this.#takeFirstConfig(message),
        migrate: (message: MigrateMessage) => this.#migrate(message),
        setup: (message: SetupMessage) => this.#setup(message),
        cpuProfile: (ms: number) => cpuProfile(ms),
        deliver: (batch: WorkMessage[]) => this.#deliver(batch),
        clearState: () => this.#state.clear(),
        configure: (message: ConfigureMessage) => this.#configure(message),
        teardown: (message: { invocation: number }) => this.#tearDown(message.invocation),
      },
      notes: {
        work: (batch: WorkMessage[]) => this.#deliver(batch),
        abort: (note: AbortNote) => this.#invocations.abort(note),
        state: (change: ForwardedState) => this.#state.apply(change),
        stateRead: (bytes: number) => this.#state.wasRead(bytes),
        giveUpConfigure: () => {
          this.#configuring = undefined;
          this.#goBackTo(this.#before);
        },
      },
      onViolation: (reason) => {
        throw new Error(`The host sent something malformed: ${reason}`);
      },
    });
    this.#outgoing = new Allowance({
      log: (note) => this.#link.note('log', note),
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
    return { metadata, inputs: loadedFiles() };
  }

  async #takeFirstConfig({ config }: ConfigMessage): Promise<void> {
    this.#config = await this.#checkConfig(config);
  }

  async #checkConfig(config: unknown = {}): Promise<unknown> {
    const schema = this.#definition.config;
    return schema === undefined ? config : await validated(schema, config);
  }

  async #migrate({ entries, fromVersion }: MigrateMessage): Promise<StateEntries> {
    const { version = 1, migrate } = this.#definition.state ?? {};
    if (migrate === undefined) {
      throw new BulkheadError(
        'ERR_STATE_MIGRATION',
        `The stored state has version ${fromVersion} and the plugin wants ${version}, but it has no state.migrate`,
      );
    }
    const migrated: unknown = await migrate(Object.fromEntries(entries), fromVersion);
    if (Object.prototype.toString.call(migrated) !== '[object Object]') {
      throw new BulkheadError(
        'ERR_STATE_MIGRATION',
        `state.migrate returned ${inspect(migrated, { depth: 0 })}; expected an object`,
      );
    }
    return Object.entries(snapshot(migrated as object, 'what state.migrate returned'));
  }

  async #setup(message: SetupMessage): Promise<SetupReport> {
    this.#state.load(message.entries);
    const log = createLogger((note) => this.#outgoing.log(note));
    const ctx = createContext({
      name: this.#definition.name,
      generation: this.#load.generation,
      config: () => this.#config,
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
      configHandlers: this.#configHandlers,
    });
    const api: unknown = await this.#invocations.run(message.invocation, () => this.#definition.setup(ctx));
    this.#api = typeof api === 'object' && api !== null ? (api as Record<string, unknown>) : {};
    // A function may be what ctx.on or ctx.command gave.
    if (!['object', 'function', 'undefined'].includes(typeof api))
      log.warn(`setup() returned ${inspect(api)}; expected an object of functions that others can call`);
    for (const [key, value] of Object.entries(this.#api)) {
      if (typeof value === 'function' || value === undefined) continue;
      log.warn(`setup() returned '${key}', which is no function (${typeof value}): nobody can call it`);
    }
    return { inputs: loadedFiles() };
  }

  /** Starts everything in the order it was sent; nothing here waits. */
  #deliver(batch: WorkMessage[]): void {
    for (const work of batch) {
      if (work.kind === 'calls') this.#startCalls(work);
      else this.#startEvents(work);
    }
  }

  #startCalls({ target, invocations, args, signals }: CallsMessage): void {
    const places = new Map(signals);
    for (const [index, invocation] of invocations.entries())
      this.#call(invocation, target, args[index]!, places.get(invocation) ?? []);
  }

  #startEvents({ topic, source, redelivered, invocations, payloads }: EventsMessage): void {
    for (const [index, invocation] of invocations.entries())
      this.#event(invocation, { topic, source, redelivered, payload: payloads[index] });
  }

  /** An answer that is there at once goes back without a promise in between. */
  #call(invocation: number, target: CallTarget, args: unknown[], signals: SignalPlace[]): void {
    this.#invocations.begin(invocation, joinSignals(args, signals));
    const succeed = (value: unknown) =>
      this.#done(invocation, () => ({ ok: true, value: snapshot(value, 'the result') }));
    const fail = (error: unknown) => this.#done(invocation, () => ({ ok: false, error: encodeError(error) }));
    try {
      const result = this.#invocations.run(invocation, () => this.#target(target, args));
      if (isThenable(result)) Promise.resolve(result).then(succeed, fail);
      else succeed(result);
    } catch (error) {
      fail(error);
    }
  }

  #target(target: CallTarget, args: unknown[]): unknown {
    switch (target.kind) {
      case 'method':
        return this.#method(target.name).apply(this.#api, args);
      case 'command':
        return this.#handlers.commandHandler(target.name)(args[0] as string[], args[1] as never);
      case 'tick':
        return withoutResult(this.#handlers.task(target.schedule)?.());
      default:
        return assertNever(target);
    }
  }

  #event(invocation: number, event: PluginEvent): void {
    const failed = (error: unknown) => this.#link.note('failed', { invocation, error: encodeError(error) });
    const running = this.#invocations.run(invocation, () => this.#handlers.dispatch(event, failed));
    const done = () => this.#outcomes.event(invocation);
    if (running === undefined) done();
    else void running.then(done);
  }

  #done(invocation: number, outcome: () => Outcome): void {
    this.#invocations.end(invocation);
    this.#outcomes.call(invocation, attempt(outcome));
  }

  #method(name: string): (...args: unknown[]) => unknown {
    const method = Object.hasOwn(this.#api, name) ? this.#api[name] : undefined;
    if (typeof method === 'function') return method as (...args: unknown[]) => unknown;
    const known = functionNames(this.#api).join(', ') || 'none';
    const text = `The plugin returned no function '${name}' from setup (it has: ${known})`;
    const hint = name in this.#api ? `. '${name}' is inherited; only own functions can be called` : '';
    throw new BulkheadError('ERR_NO_SUCH_METHOD', text + hint);
  }

  async #configure({ invocation, config }: ConfigureMessage): Promise<ConfigureReport> {
    this.#configuring = invocation;
    const checked = await this.#checkConfig(config);
    if (this.#configHandlers.length === 0 || this.#configuring !== invocation) return { applied: false };
    this.#noteNow('configChecked', undefined);
    const before = { config: this.#config };
    this.#before = before;
    this.#config = checked;
    try {
      for (const handler of this.#configHandlers) {
        await this.#invocations.run(invocation, () => handler(checked as never));
      }
    } catch (error) {
      this.#goBackTo(before);
      throw error;
    }
    if (this.#before === before) this.#before = undefined;
    return { applied: true };
  }

  /** Unless that was done already, or the plugin has it. */
  #goBackTo(before: { config: unknown } | undefined): void {
    if (before === undefined || this.#before !== before) return;
    this.#before = undefined;
    this.#config = before.config;
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

/** What a timer's task returns is nobody's business, and need not be something that can be sent. */
function withoutResult(result: unknown): unknown {
  return isThenable(result) ? result.then(() => undefined) : undefined;
}

/** A result that cannot be sent is an error. */
function attempt(outcome: () => Outcome): Outcome {
  try {
    return outcome();
  } catch (error) {
    return { ok: false, error: encodeError(error) };
  }
}

function functionNames(api: Record<string, unknown>): string[] {
  return Object.keys(api).filter((key) => typeof api[key] === 'function');
}

const { cache } = createRequire(import.meta.url);
const OWN_FILES = new Set(Object.keys(cache));

/** Local files that reached this thread by `require`, which the build did not see. */
function loadedFiles(): string[] {
  return Object.keys(cache).filter((file) => !OWN_FILES.has(file) && !file.includes('node_modules'));
}
