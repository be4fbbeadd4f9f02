import { inspect } from 'node:util';
import type { StatusEvents } from '../../index.ts';
import type { Style } from './style.ts';
import { indent, placesOf, printable } from './text.ts';

const SHOWN = new Set(['info', 'warn', 'error', 'fatal']);
const COLOURS: Record<string, Parameters<Style>[0]> = { warn: 'yellow', error: 'red', fatal: 'red' };
/** Fields that the host adds, and that say nothing a reader of the line does not see. */
const IMPLIED = new Set(['source', 'topic', 'err']);

/** `[dice] text`, for levels from info up; an error's places in the author's code below it. */
export function logLine(event: StatusEvents['log'], style: Style): string | undefined {
  if (!SHOWN.has(event.level)) return undefined;
  const { err } = event.fields;
  const colour = COLOURS[event.level];
  const text = printable(event.text + fieldsOf(event.fields));
  const line = `${style('dim', `[${event.name}]`)} ${colour === undefined ? text : style(colour, text)}`;
  const places = printable(placesOf(err));
  return places === '' ? line : `${line}\n${style('dim', indent(places))}`;
}

function fieldsOf(fields: Record<string, unknown>): string {
  const shown = Object.fromEntries(Object.entries(fields).filter(([key]) => !IMPLIED.has(key)));
  if (Object.keys(shown).length === 0) return '';
  return ` ${inspect(shown, { breakLength: Number.POSITIVE_INFINITY, depth: 3 })}`;
}
