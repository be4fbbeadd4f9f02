import { styleText } from 'node:util';

/** Colours a text, or leaves it as it is. */
export type Style = (format: Parameters<typeof styleText>[0], text: string) => string;

/** Colours for a terminal that has them (and no `NO_COLOR`); a file or pipe gets the bare text. */
export function styleFor(stream: NodeJS.WriteStream): Style {
  return stream.isTTY && stream.hasColors() ? styleText : (_format, text) => text;
}
