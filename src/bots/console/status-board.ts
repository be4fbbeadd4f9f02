import type { PluginManager, StatusEvents, StatusName } from '../../index.ts';
import { DeadLetters } from './dead-letters.ts';
import { logLine } from './log-line.ts';
import type { Screen } from './screen.ts';
import { LINE_STATUSES, type LineStatus, statusLine } from './status-line.ts';
import { firstLine } from './text.ts';

/** Prints what happens to the plugins, one line each. */
export class StatusBoard {
  /** How long the last load of a plugin took, ms. */
  readonly loadTimes = new Map<string, number>();
  readonly #manager: PluginManager;
  readonly #screen: Screen;
  readonly #deadLetters: DeadLetters;
  /** What was told of the last failure of those that have not loaded since. */
  readonly #failures = new Map<string, string>();
  readonly #told = new Map<string, number>();
  #held: string[] | undefined = [];
  #leftOut: ReadonlySet<StatusName> = new Set(['loaded', 'reload-failed']);

  /** Until {@link open}, loads and their failures are left out, because a table is about to show them, and the rest waits. */
  constructor(manager: PluginManager, screen: Screen) {
    this.#manager = manager;
    this.#screen = screen;
    this.#deadLetters = new DeadLetters((line) => this.#print(line), screen.style);
    for (const status of LINE_STATUSES) this.#follow(status);
    manager.on('loaded', ({ name, loadMs }) => this.loadTimes.set(name, loadMs));
    manager.on('dead-letter', (event) => this.#deadLetters.add(event));
    manager.on('watch', (event) => this.#watch(event));
    manager.on('log', (event) => {
      const line = logLine(event, screen.logStyle);
      if (line !== undefined) screen.log(line);
    });
  }

  open(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#leftOut = new Set();
    for (const line of held) this.#screen.print(line);
  }

  /** The bot stops: what becomes of the plugins is no news, only what goes wrong. */
  close(): void {
    this.open();
    this.#leftOut = new Set(['loaded', 'reloaded', 'unloaded']);
  }

  /** How many lines were printed about a plugin. */
  told(name: string): number {
    return this.#told.get(name) ?? 0;
  }

  #follow<K extends LineStatus>(status: K): void {
    this.#manager.on(status, (event) => {
      const line = this.#line(status, event);
      if (this.#leftOut.has(status)) return;
      this.#told.set(event.name, this.told(event.name) + 1);
      this.#print(line);
    });
  }

  /** A plugin that cannot start mostly fails in the same way at each retry: that is told in full once. */
  #line<K extends LineStatus>(status: K, event: StatusEvents[K]): string {
    const line = statusLine(status, event, this.#screen.style);
    if (status === 'loaded' || status === 'reloaded') this.#failures.delete(event.name);
    if (status !== 'reload-failed') return line;
    if (this.#failures.get(event.name) === line) return `${firstLine(line)}, as before`;
    this.#failures.set(event.name, line);
    return line;
  }

  #watch({ level, text }: StatusEvents['watch']): void {
    if (level === 'warn') this.#print(`${this.#screen.style('yellow', '!')} ${text}`);
  }

  #print(line: string): void {
    if (this.#held === undefined) this.#screen.print(line);
    else this.#held.push(line);
  }
}
