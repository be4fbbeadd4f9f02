import { channel } from 'node:diagnostics_channel';
import { invalidArgument } from '../errors.ts';
import { getOrMake } from '../get-or-make.ts';
import { insteadOfFunction } from '../instead-of-function.ts';
import { didYouMean, nearest } from '../nearest.ts';
import type { Logger } from '../options.ts';
import type { StatusEvents, StatusListener, StatusName } from '../status.ts';

/** Passes status events on to listeners, to `diagnostics_channel` and to the log. */
export class Reports {
  readonly #listeners = new Map<StatusName, Set<{ listener: StatusListener<never> }>>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  on<K extends StatusName>(name: K, listener: StatusListener<K>): () => void {
    checkName(name);
    const found = insteadOfFunction(listener);
    if (found !== undefined)
      throw invalidArgument(`on('${name}', listener): expected a function, got ${found}`);
    const listeners = getOrMake(this.#listeners, name, () => new Set());
    const entry = { listener };
    listeners.add(entry);
    return () => void listeners.delete(entry);
  }

  report<K extends StatusName>(name: K, event: StatusEvents[K]): void {
    this.#log(name, event);
    const published = channel(`bulkhead:${name}`);
    if (published.hasSubscribers) published.publish(event);
    // Those that listen now: one may add another.
    for (const { listener } of [...(this.#listeners.get(name) ?? [])]) {
      // What an async listener rejects with must not end the host as unhandled.
      const call = async () => (listener as StatusListener<K>)(event);
      call().catch((error) =>
        this.#write(() => this.#logger.error({ err: error, event: name }, `A listener of '${name}' threw`)),
      );
    }
  }

  /** Something that concerns no event. */
  warn(text: string): void {
    this.#write(() => this.#logger.warn({}, text));
  }

  /** Something that went wrong, and concerns no event. */
  error(error: Error, text: string): void {
    this.#write(() => this.#logger.error({ err: error }, text));
  }

  #log<K extends StatusName>(name: K, event: StatusEvents[K]): void {
    this.#write(() => (LOGGED[name] as Write)(this.#logger, event as never));
  }

  /** A logger that throws, or whose promise rejects, must not reach into what is being reported. */
  #write(write: () => unknown): void {
    try {
      const written = write();
      if (written instanceof Promise) written.catch(() => {});
    } catch {
      // There is nowhere left to say so.
    }
  }
}

type Write = (logger: Logger, event: never) => unknown;

const LOGGED: { [K in StatusName]: (logger: Logger, event: StatusEvents[K]) => unknown } = {
  loaded: (log, { name, version, generation, loadMs }) =>
    log.info(
      { plugin: name, generation, loadMs },
      `Plugin '${name}' ${version} loaded in ${loadMs.toFixed(1)} ms`,
    ),
  unloaded: (log, { name, generation }) =>
    log.info({ plugin: name, generation }, `Plugin '${name}' unloaded`),
  reloaded: (log, { name, generation, version, saveToServingMs, pauseMs }) =>
    log.info(
      { plugin: name, generation, saveToServingMs, pauseMs },
      `Plugin '${name}' ${version} reloaded: generation ${generation} serves ${saveToServingMs.toFixed(1)} ms after the quiet time, pause ${pauseMs.toFixed(1)} ms`,
    ),
  'reload-failed': (log, { name, stage, error, generation }) =>
    log.error(
      { plugin: name, stage, generation, err: error },
      generation === undefined
        ? `Plugin '${name}' could not be loaded (${stage})`
        : `Plugin '${name}' could not be reloaded (${stage}); generation ${generation} goes on`,
    ),
  unchanged: (log, { name }) => log.debug({ plugin: name }, `Plugin '${name}' was written without a change`),
  crashed: (log, { name, generation, reason, error }) =>
    log.error({ plugin: name, generation, reason, err: error }, `Plugin '${name}' crashed: ${error.message}`),
  hung: (log, { name, generation, text }) => log.error({ plugin: name, generation }, text),
  recycled: (log, { name, generation, reason, text, pauseMs }) =>
    log.warn(
      { plugin: name, generation, reason, pauseMs },
      `Plugin '${name}' was recycled: generation ${generation} serves; the one before used ${text}`,
    ),
  restarting: (log, { name, delayMs, crashes }) =>
    log.warn({ plugin: name, crashes }, `Plugin '${name}' is started again in ${Math.round(delayMs)} ms`),
  quarantined: (log, { name, crashes }) =>
    log.error({ plugin: name, crashes }, `Plugin '${name}' is quarantined after ${crashes} crashes`),
  zombie: (log, { name, generation }) =>
    log.error(
      { plugin: name, generation },
      `A thread of plugin '${name}' does not end; it is stuck outside JavaScript`,
    ),
  dropped: (log, { name, generation, what, count }) =>
    log.warn(
      { plugin: name, generation, count },
      `Plugin '${name}' is over its budget: ${count} ${what === 'log' ? 'log lines' : 'events'} were dropped`,
    ),
  'dead-letter': (log, { name, topic, reason }) =>
    log.warn(
      { plugin: name, topic, reason },
      `Plugin '${name}' will not handle an event '${topic}': ${reason}`,
    ),
  log: (log, { name, level, fields, text }) => log[level]({ ...fields, plugin: name }, text),
  watch: (log, { mode, level, text }) => log[level]({ mode }, text),
};

function checkName(name: string): void {
  if (Object.hasOwn(LOGGED, name)) return;
  const known = Object.keys(LOGGED);
  const hint = didYouMean(nearest(String(name), known), `there are: ${known.join(', ')}`);
  throw invalidArgument(`There is no status event '${String(name)}'${hint}`);
}
