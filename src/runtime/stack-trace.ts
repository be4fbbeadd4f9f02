import { AuthorFrames } from '../wire/author-frames.ts';

/**
 * Makes stacks point to the author's own lines. The map of a build is only read when the first stack is looked at, so
 * that a plugin which throws nothing pays nothing. Frames of the runtime are left out.
 */
export function mapStackTraces(runtimeUrl: string): void {
  const frames = new AuthorFrames();
  Error.prepareStackTrace = (error, sites) => {
    const lines = [headline(error)];
    for (const site of sites) {
      const frame = site.toString();
      if (!frame.includes(runtimeUrl)) lines.push(`    at ${frames.map(frame)}`);
    }
    return lines.join('\n');
  };
}

function headline(error: Error): string {
  try {
    const line = Error.prototype.toString.call(error);
    const { name, message, code } = error as NodeJS.ErrnoException;
    // Node's own errors show their code by a toString of theirs; what others add to it, Node does not write either.
    const withCode = `${name} [${code}]: ${message}`;
    return !`${name}`.endsWith(`[${code}]`) && String(error) === withCode ? withCode : line;
  } catch {
    return 'Error';
  }
}
