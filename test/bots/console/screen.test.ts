import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { Screen } from '#internal/bots/console/screen';

const COLUMNS = 20;

/** A terminal: takes what is written to it, and knows what a person would see. */
class Terminal extends PassThrough {
  readonly isTTY = true;
  readonly columns = COLUMNS;
  readonly rows = 50;
  #lines: string[] = [''];
  #row = 0;
  #column = 0;

  constructor() {
    super();
    this.setEncoding('utf8').on('data', (text: string) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control sequences are what is read here
      for (const [part] of text.matchAll(/\u001b\[\d*[A-Z]|[\s\S]/g)) this.#take(part);
    });
  }

  hasColors(): boolean {
    return false;
  }

  get shown(): string[] {
    return this.#lines.map((line) => line.trimEnd());
  }

  get cursor(): { row: number; column: number } {
    return { row: this.#row, column: this.#column };
  }

  #take(part: string): void {
    const count = Number(part.slice(2, -1) || 1);
    if (part === '\r') this.#column = 0;
    else if (part === '\n') this.#down();
    else if (!part.startsWith('\u001b')) this.#put(part);
    else if (part.endsWith('A')) this.#row = Math.max(0, this.#row - count);
    else if (part.endsWith('C')) this.#column += count;
    else if (part.endsWith('D')) this.#column -= count;
    else if (part.endsWith('G')) this.#column = count - 1;
    else if (part.endsWith('J')) {
      this.#lines.splice(this.#row + 1);
      this.#lines[this.#row] = (this.#lines[this.#row] ?? '').slice(0, this.#column);
    } else throw new Error(`A sequence this terminal does not know: ${JSON.stringify(part)}`);
  }

  #put(character: string): void {
    if (this.#column === COLUMNS) this.#down();
    const line = (this.#lines[this.#row] ?? '').padEnd(this.#column);
    this.#lines[this.#row] = line.slice(0, this.#column) + character + line.slice(this.#column + 1);
    this.#column++;
  }

  #down(): void {
    this.#row++;
    this.#column = 0;
    this.#lines[this.#row] ??= '';
  }
}

function open() {
  const terminal = new Terminal();
  const input = new PassThrough();
  const screen = new Screen(terminal as never, terminal as never, () => {});
  const prompt = createInterface({ input, output: terminal, terminal: true, prompt: '> ' });
  screen.showPrompt(prompt);
  const type = async (text: string) => {
    const taken = once(input, 'data');
    input.write(text);
    await taken;
  };
  return { terminal, screen, prompt, type };
}

it('prints above the line that is being typed', async () => {
  const { terminal, screen, type } = open();
  await type('half a com');
  screen.print('dice reloaded');
  screen.log('[dice] hello');
  expect(terminal.shown).toEqual(['dice reloaded', '[dice] hello', '> half a com']);
  await type('mand');
  expect(terminal.shown.at(-1)).toBe('> half a command');
});

it('does so for a line of several rows, pasted at once, with the cursor in the middle of it', async () => {
  const { terminal, screen, type } = open();
  const line = 'a line that is longer than the terminal is wide';
  await type(line);
  screen.print('one\ntwo');
  const below = ['> a line that is lon', 'ger than the termina', 'l is wide'];
  expect(terminal.shown).toEqual(['one', 'two', ...below]);
  await type('\u001b[D'.repeat(12));
  const { column } = terminal.cursor;
  screen.print('three');
  expect(terminal.shown).toEqual(['one', 'two', 'three', ...below]);
  expect(terminal.cursor).toEqual({ row: 4, column });
});

it('takes the prompt away at the end', async () => {
  const { terminal, screen, type } = open();
  await type('never sent, and longer than one row');
  screen.removePrompt();
  screen.print('Stopping');
  expect(terminal.shown).toEqual(['Stopping', '']);
});
