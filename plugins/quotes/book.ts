import type { PluginState } from 'bulkhead/plugin';

export interface Quote {
  /** Stays the same when others are deleted, and is never given twice. */
  number: number;
  text: string;
  author?: string;
  addedBy?: string;
  /** Milliseconds since 1970. */
  addedAt?: number;
}

const PREFIX = 'quote:';

/** The quotes, one key of the state each: a new one is a small write, however many there are. */
export class QuoteBook {
  readonly #state: PluginState;

  constructor(state: PluginState) {
    this.#state = state;
  }

  all(): Quote[] {
    const quotes = this.#state.entries().filter(([key]) => key.startsWith(PREFIX));
    return quotes.map(([, value]) => value as Quote).sort((a, b) => a.number - b.number);
  }

  get(number: number): Quote | undefined {
    return this.#state.get<Quote>(PREFIX + number);
  }

  add(quote: Omit<Quote, 'number'>): Quote {
    const number = this.#state.update<number>('lastNumber', (last = 0) => last + 1);
    const added = { number, ...quote };
    this.#state.set(PREFIX + number, added);
    return added;
  }

  delete(number: number): boolean {
    return this.#state.delete(PREFIX + number);
  }

  /** Quotes with the word in their text or their author's name, apart from letter case. */
  find(word: string): Quote[] {
    const wanted = word.toLowerCase();
    return this.all().filter(({ text, author = '' }) => `${text}\n${author}`.toLowerCase().includes(wanted));
  }
}
