import { createInterface, type Interface } from 'node:readline';
import type { Screen } from './screen.ts';

/** Lines typed at the bot, or sent to it. */
export interface Input {
  /** Resolves when there are no more lines, or after `close`. */
  run(): Promise<void>;
  close(): void;
  /** Resolves when what was read is answered. */
  answered(): Promise<void>;
}

export interface InputHost {
  /** Must not reject. */
  answer(line: string): Promise<void>;
}

export interface TerminalHost extends InputHost {
  /** Ctrl-C was typed. */
  interrupted(): void;
}

/** At a terminal a line does not wait for the answer to the one before: a plugin that hangs can still be reloaded. */
export class TerminalInput implements Input {
  readonly #screen: Screen;
  readonly #host: TerminalHost;
  readonly #answers = new Set<Promise<void>>();
  #prompt: Interface | undefined;
  #closed = false;

  constructor(screen: Screen, host: TerminalHost) {
    this.#screen = screen;
    this.#host = host;
  }

  async run(): Promise<void> {
    if (this.#closed) return;
    const prompt = createInterface({ input: process.stdin, output: process.stdout, prompt: '> ' });
    this.#prompt = prompt;
    const closed = new Promise<void>((resolve) => prompt.once('close', resolve));
    prompt.on('SIGINT', () => this.#host.interrupted());
    prompt.on('line', (line) => {
      prompt.prompt();
      const answer = this.#host.answer(line).finally(() => this.#answers.delete(answer));
      this.#answers.add(answer);
    });
    this.#screen.showPrompt(prompt);
    await closed;
    this.#screen.removePrompt();
  }

  close(): void {
    this.#closed = true;
    this.#screen.removePrompt();
    this.#prompt?.close();
  }

  async answered(): Promise<void> {
    await Promise.all(this.#answers);
  }
}

/** From a pipe or a file, each line is answered before the next is read. */
export class PipedInput implements Input {
  readonly #host: InputHost;
  #lines: Interface | undefined;
  #answer: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(host: InputHost) {
    this.#host = host;
  }

  async run(): Promise<void> {
    if (this.#closed) return;
    this.#lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
    for await (const line of this.#lines) {
      if (this.#closed) return;
      this.#answer = this.#host.answer(line);
      await this.#answer;
    }
  }

  close(): void {
    this.#closed = true;
    this.#lines?.close();
  }

  answered(): Promise<void> {
    return this.#answer;
  }
}
