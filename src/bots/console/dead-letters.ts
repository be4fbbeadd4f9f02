import type { StatusEvents } from '../../index.ts';
import type { Style } from './style.ts';

/** Events that nobody will handle mostly come in crowds: each crowd is one line. */
export class DeadLetters {
  readonly #print: (line: string) => void;
  readonly #style: Style;
  readonly #counts = new Map<string, { event: StatusEvents['dead-letter']; count: number }>();

  constructor(print: (line: string) => void, style: Style) {
    this.#print = print;
    this.#style = style;
  }

  add(event: StatusEvents['dead-letter']): void {
    if (this.#counts.size === 0) setImmediate(() => this.#flush());
    const key = JSON.stringify([event.name, event.topic, event.reason]);
    const crowd = this.#counts.get(key);
    if (crowd === undefined) this.#counts.set(key, { event, count: 1 });
    else crowd.count++;
  }

  #flush(): void {
    for (const { event, count } of this.#counts.values()) {
      const events = count === 1 ? `an event '${event.topic}'` : `${count} events '${event.topic}'`;
      this.#print(
        `${this.#style('yellow', '!')} ${event.name} does not get to handle ${events} (${event.reason})`,
      );
    }
    this.#counts.clear();
  }
}
