import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BulkheadError, type ErrorCode, type ErrorDetails } from '../errors.ts';
import { AuthorFrames } from '../wire/author-frames.ts';
import { codeFrame, type SourceLocation } from './code-frame.ts';
import type { Fingerprint } from './fingerprint.ts';

/** An error with a place in the author's source. The message ends with the place and the lines around it. */
export class PluginSourceError extends BulkheadError {
  declare readonly location?: SourceLocation;
  declare readonly frame?: string;

  /** @param inputs what the build was made of in which the place is */
  constructor(
    code: ErrorCode,
    message: string,
    location: SourceLocation | undefined,
    inputs: Fingerprint | undefined,
    details: ErrorDetails = {},
  ) {
    const frame = location === undefined ? undefined : readFrame(location, inputs);
    super(code, withPlace(message, location, frame), details);
    if (location !== undefined) this.location = location;
    if (frame !== undefined) this.frame = frame;
  }
}

interface Files {
  has(path: string): boolean;
}

/** The first place in a stack that belongs to one of the given files. */
export function locate(stack: string, files: Files): SourceLocation | undefined {
  for (const text of stack.split('\n')) {
    const [, before, line, column] = /^(.*):(\d+):(\d+)\)?$/.exec(text.trim()) ?? [];
    if (before === undefined) continue;
    // Where a path begins cannot be told from the text: names of files and functions may have spaces and parentheses.
    for (const { index } of before.matchAll(/(?<=^|[ (])(?:\/|[A-Za-z]:[\\/])/g)) {
      const file = before.slice(index);
      if (files.has(file)) return { file, line: Number(line), column: Number(column) };
    }
  }
  return locateUnlinked(stack, files);
}

/** Of an import that finds no such name, Node says where it is by a line of the build, with a mark under it. */
function locateUnlinked(stack: string, files: Files): SourceLocation | undefined {
  const [, url, line, indent] = /^(file:\/\/\S+\.mjs):(\d+)\n.*\n( *)\^/.exec(stack) ?? [];
  if (url === undefined || indent === undefined) return undefined;
  const place = new AuthorFrames().locate(url, Number(line), indent.length + 1);
  if (place === undefined) return undefined;
  const file = fileURLToPath(place.url);
  return files.has(file) ? { file, line: place.line, column: place.column } : undefined;
}

/** Nothing if the file was changed since: the lines that are there now have nothing to do with the error. */
function readFrame(location: SourceLocation, inputs: Fingerprint | undefined): string | undefined {
  try {
    const content = readFileSync(location.file);
    return inputs?.differs(location.file, content) ? undefined : codeFrame(content.toString(), location);
  } catch {
    return undefined;
  }
}

function withPlace(message: string, location: SourceLocation | undefined, frame: string | undefined): string {
  if (location === undefined) return message;
  const place = `${message}\n  at ${location.file}:${location.line}:${location.column}`;
  return frame === undefined ? place : `${place}\n${frame}`;
}
