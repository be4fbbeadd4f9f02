import type { Quote } from './book.ts';

/** The author after the last ` - `, if it is short enough for a name. */
const AUTHOR = /^(.*\S)\s+[-–—]\s+(\S.{0,39})$/;
const QUOTATION_MARKS = /^(?:"(.*)"|“(.*)”|«(.*)»)$/;

/** `"Ship it." - Ada` → `{ text: 'Ship it.', author: 'Ada' }` */
export function splitQuote(written: string): { text: string; author?: string } {
  const trimmed = written.trim();
  const [, words = trimmed, author] = AUTHOR.exec(trimmed) ?? [];
  const [, ...inner] = QUOTATION_MARKS.exec(words) ?? [];
  const text = (inner.find((part) => part !== undefined) ?? words).trim();
  return author === undefined ? { text } : { text, author };
}

/** `#3 "Ship it." - Ada` */
export function describeQuote({ number, text, author }: Quote): string {
  return `#${number} "${text}"${author === undefined ? '' : ` - ${author}`}`;
}

/** `added by bob on 2026-02-01`, as far as it is known. */
export function describeOrigin({ addedBy, addedAt }: Quote): string | undefined {
  if (addedBy === undefined || addedAt === undefined) return undefined;
  return `added by ${addedBy} on ${new Date(addedAt).toISOString().slice(0, 10)}`;
}
