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
    // As Node writes it: an error's own toString may say more, such as the code a second time.
    return Error.prototype.toString.call(error);
  } catch {
    return 'Error';
  }
}
