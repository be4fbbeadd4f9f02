import { readFileSync } from 'node:fs';
import { BulkheadError, type ErrorCode, type ErrorDetails } from '../errors.ts';
import { codeFrame, type SourceLocation } from './code-frame.ts';

/** An error with a place in the author's source. The message ends with the place and the lines around it. */
export class PluginSourceError extends BulkheadError {
  declare readonly location?: SourceLocation;
  declare readonly frame?: string;

  constructor(
    code: ErrorCode,
    message: string,
    location: SourceLocation | undefined,
    details: ErrorDetails = {},
  ) {
    const frame = location === undefined ? undefined : readFrame(location);
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
  for (const line of stack?.split('\n') ?? []) {
    const found = /(?:\(|at |^)((?:\/|[A-Za-z]:[\\/])[^()]*?):(\d+):(\d+)\)?$/.exec(line.trim());
    if (found?.[1] !== undefined && files.has(found[1])) {
      return { file: found[1], line: Number(found[2]), column: Number(found[3]) };
    }
  }
  return undefined;
}

function readFrame(location: SourceLocation): string | undefined {
  try {
    return codeFrame(readFileSync(location.file, 'utf8'), location);
  } catch {
    return undefined;
  }
}

function withPlace(message: string, location: SourceLocation | undefined, frame: string | undefined): string {
  if (location === undefined) return message;
  const place = `${message}\n  at ${location.file}:${location.line}:${location.column}`;
  return frame === undefined ? place : `${place}\n${frame}`;
}
