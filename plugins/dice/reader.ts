import { EXAMPLE, NotationError } from './notation.ts';

/** Takes one piece after the other off a notation. */
export class Reader {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  get atEnd(): boolean {
    return this.at === this.text.length;
  }

  take(sticky: RegExp): RegExpExecArray | undefined {
    sticky.lastIndex = this.at;
    const match = sticky.exec(this.text) ?? undefined;
    if (match !== undefined) this.at = sticky.lastIndex;
    return match;
  }

  since(start: number): string {
    return this.text.slice(start, this.at);
  }

  unexpected(wanted: string): NotationError {
    const found = this.atEnd ? 'the end' : `"${this.text.slice(this.at).trim().split(/\s/)[0]}"`;
    return new NotationError(`"${this.text}": expected ${wanted}, found ${found}. ${EXAMPLE}`);
  }
}
