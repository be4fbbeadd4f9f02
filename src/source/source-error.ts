import { readFileSync } from 'node:fs';
import { BulkheadError, type ErrorCode, type ErrorDetails } from '../errors.ts';
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

/** The first place in a stack that belongs to one of the given files. */
export function locate(
  stack: string | undefined,
  files: { has(path: string): boolean },
): SourceLocation | undefined {
  for (const text of stack?.split('\n') ?? []) {
    const [, before, line, column] = /^(.*):(\d+):(\d+)\)?$/.exec(text.trim()) ?? [];
    if (before === undefined) continue;
    // Where a path begins cannot be told from the text: names of files and functions may have spaces and parentheses.
    for (const { index } of before.matchAll(/(?<=^|[ (])(?:\/|[A-Za-z]:[\\/])/g)) {
      const file = before.slice(index);
      if (files.has(file)) return { file, line: Number(line), column: Number(column) };
    }
  }
  return undefined;
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
