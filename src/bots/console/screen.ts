import { clearScreenDown, cursorTo, type Interface, moveCursor } from 'node:readline';
import { type Style, styleFor } from './style.ts';

/** Where Node draws the line again from, rows above the cursor. Not in its documentation, and wrong after a long paste. */
type Prompt = Interface & { prevRows?: number };

/** Where the bot's text goes. On a terminal it appears above the line that is being typed, which stays as it was. */
export class Screen {
  /** Colours for {@link print} and for {@link log}. */
  readonly style: Style;
  readonly logStyle: Style;
  readonly #out: NodeJS.WriteStream;
  readonly #err: NodeJS.WriteStream;
  #prompt: Prompt | undefined;
  #closed = false;

  /** @param closed called once when nobody reads `out` any more, as after `| head -1`; what is printed then is dropped. */
  constructor(out: NodeJS.WriteStream, err: NodeJS.WriteStream, closed: () => void) {
    this.#out = out;
    this.#err = err;
    this.style = styleFor(out);
    this.logStyle = styleFor(err);
    out.on('error', () => {
      if (this.#closed) return;
      this.#closed = true;
      closed();
    });
    err.on('error', () => {});
  }

  /** How many a line has; a file or pipe, or a terminal that does not say, has room for all. */
  get columns(): number {
    return this.#out.columns || Number.POSITIVE_INFINITY;
  }

  print(text: string): void {
    this.#write(this.#out, text);
  }

  /** For what plugins log: kept apart from the answers. */
  log(text: string): void {
    this.#write(this.#err, text);
  }

  showPrompt(prompt: Interface): void {
    this.#prompt = prompt;
    prompt.prompt();
  }

  /** Takes the prompt away, together with what was typed at it. */
  removePrompt(): void {
    if (this.#prompt !== undefined) this.#clearPrompt(this.#prompt);
    this.#prompt = undefined;
  }

  #write(stream: NodeJS.WriteStream, text: string): void {
    if (stream === this.#out && this.#closed) return;
    const prompt = this.#prompt;
    if (prompt === undefined) {
      stream.write(`${text}\n`);
      return;
    }
    this.#clearPrompt(prompt);
    stream.write(`${text}\n`);
    prompt.prompt(true);
  }

  #clearPrompt(prompt: Prompt): void {
    moveCursor(this.#out, 0, -prompt.getCursorPos().rows);
    cursorTo(this.#out, 0);
    clearScreenDown(this.#out);
    prompt.prevRows = 0;
  }
}
