import { codeOf } from '../../errors.ts';
import type { StatusEvents, StatusName } from '../../index.ts';
import type { Style } from './style.ts';
import { duration, firstLine, indent, placesOf, printable } from './text.ts';

/** Those of which each one is a line of its own; the others have rules of their own. */
export type LineStatus = Exclude<StatusName, 'log' | 'dead-letter' | 'watch'>;

type Lines = { [K in LineStatus]: (event: StatusEvents[K], style: Style) => string };

const LINES: Lines = {
  loaded: ({ name, version, generation, loadMs }, style) =>
    `${style('green', '+')} ${name} ${version} loaded: generation ${generation}, ${duration(loadMs)}`,
  unloaded: ({ name, generation }, style) =>
    `${style('yellow', '-')} ${name} unloaded: generation ${generation} has ended`,
  reloaded: ({ name, version, generation, saveToServingMs, pauseMs }, style) =>
    `${style('green', '✓')} ${name} ${version} reloaded: generation ${generation}, ` +
    `save to serving ${duration(saveToServingMs)}, pause ${duration(pauseMs)}`,
  'reload-failed': ({ name, stage, error, generation }, style) => {
    const outcome =
      generation === undefined ? 'not loaded' : `not reloaded, generation ${generation} goes on serving`;
    const how = codeOf(error) === 'ERR_PLUGIN_SUPERSEDED' ? 'given up' : 'failed';
    return `${style('red', '✗')} ${name} ${outcome} (${stage} ${how})\n${indent(printable(error.message))}`;
  },
  unchanged: ({ name }, style) => style('dim', `= ${name} unchanged: saved with the same content`),
  crashed: ({ error }, style) => {
    const line = `${style('red', '!')} crashed: ${printable(firstLine(error.message))}`;
    const places = printable(placesOf(error.cause));
    return places === '' ? line : `${line}\n${style('dim', indent(places))}`;
  },
  hung: ({ text }, style) => {
    const [first, ...frames] = printable(text).split('\n');
    return [`${style('red', '!')} hung: ${first}`, ...frames.map((frame) => style('dim', frame))].join('\n');
  },
  recycled: ({ name, generation, text, pauseMs }, style) =>
    `${style('yellow', '↻')} ${name} recycled: generation ${generation}, pause ${duration(pauseMs)}; the one before used ${text}`,
  restarting: ({ name, delayMs, crashes }, style) =>
    `${style('yellow', '!')} ${name} starts again in ${duration(delayMs)} (crash ${crashes})`,
  quarantined: ({ name, crashes, zombies, retryMs }, style) => {
    const stuck = zombies === 0 ? '' : ` (${zombies} of its threads do not end)`;
    const retry = retryMs === 0 ? '' : `, or is tried again in ${duration(retryMs)}`;
    return `${style('red', '!')} ${name} quarantined after ${crashes} crashes${stuck}: it waits for a save or '!plugin enable ${name}'${retry}`;
  },
  dropped: ({ name, what, count }, style) =>
    `${style('yellow', '!')} ${name} is over its budget: ${count} ${what === 'log' ? 'log lines' : 'events'} were dropped`,
  zombie: ({ name, generation }, style) =>
    `${style('red', '!')} ${name}: the thread of generation ${generation} does not end; it is stuck outside JavaScript`,
};

export const LINE_STATUSES = Object.keys(LINES) as LineStatus[];

/** One line that says what happened to a plugin; the text of an error below it. */
export function statusLine<K extends LineStatus>(status: K, event: StatusEvents[K], style: Style): string {
  return LINES[status](event, style);
}
