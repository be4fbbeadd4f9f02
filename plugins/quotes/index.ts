import { definePlugin } from 'bulkhead/plugin';
import { z } from 'zod';
import { QuoteBook } from './book.ts';
import { migrate } from './migrate.ts';
import { describeOrigin, describeQuote, splitQuote } from './text.ts';

const USAGE = '[number] | add <text> [- author] | del <number> | find <word>';
/** So many hits of `find` fit into a line. */
const MAX_FOUND = 3;

export default definePlugin({
  name: 'quotes',
  displayName: 'Quotes',
  version: '2.0.0',
  description: 'Remembers what was said',
  author: 'Bulkhead',
  config: z.strictObject({
    /** Longest quote, in characters. */
    maxLength: z.number().int().min(1).default(300),
    /** Most quotes that are kept. */
    maxQuotes: z.number().int().min(1).default(1000),
  }),
  state: { version: 2, migrate },
  setup(ctx) {
    const book = new QuoteBook(ctx.state);

    function show(which: string): string {
      const quote = book.get(numberOf(which));
      if (quote === undefined) return `There is no quote ${which}.`;
      const origin = describeOrigin(quote);
      return origin === undefined ? describeQuote(quote) : `${describeQuote(quote)} (${origin})`;
    }

    function random(): string {
      const quotes = book.all();
      const quote = quotes[Math.floor(Math.random() * quotes.length)];
      return quote === undefined
        ? 'No quotes yet. Add one: !quote add <text> - <author>'
        : describeQuote(quote);
    }

    function add(written: string, user: string): string {
      const { maxLength, maxQuotes } = ctx.config;
      const quote = splitQuote(written);
      if (quote.text === '') return 'What was said? !quote add <text> - <author>';
      if (quote.text.length > maxLength)
        return `That is too long, a quote has at most ${maxLength} characters.`;
      if (book.all().length >= maxQuotes)
        return `All ${maxQuotes} places are taken. Make room: !quote del <number>`;
      return `Added ${describeQuote(book.add({ ...quote, addedBy: user, addedAt: Date.now() }))}`;
    }

    function remove(which: string): string {
      if (which === '') return 'Which one? !quote del <number>';
      const number = numberOf(which);
      return book.delete(number) ? `Deleted #${number}.` : `There is no quote ${which}.`;
    }

    function find(word: string): string {
      if (word === '') return 'Which word? !quote find <word>';
      const found = book.find(word);
      if (found.length === 0) return `No quote has "${word}" in it.`;
      const more = found.slice(MAX_FOUND).map(({ number }) => `#${number}`);
      const shown = found.slice(0, MAX_FOUND).map(describeQuote);
      return [...shown, ...(more.length === 0 ? [] : [`also ${more.join(' ')}`])].join(' | ');
    }

    ctx.command(
      'quote',
      { usage: USAGE, description: 'Shows a quote, by default a random one' },
      ([action = '', ...rest], { user }) => {
        const text = rest.join(' ');
        switch (action.toLowerCase()) {
          case '':
            return random();
          case 'add':
            return add(text, user);
          case 'del':
            return remove(text);
          case 'find':
            return find(text);
          default:
            return Number.isNaN(numberOf(action)) ? `I know !quote ${USAGE}` : show(action);
        }
      },
    );
  },
});

/** `3` and `#3` → 3 */
function numberOf(text: string): number {
  return /^#?\d{1,9}$/.test(text) ? Number(text.replace('#', '')) : Number.NaN;
}
