import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { useScratchFolder } from '../support/scratch.mjs';

/** A process of its own that does what it is asked, one thing at a time; its other half is {@link answer}. */
export class Subject {
  /** @param {string} script beside this file, or a URL @param {string[]} [args] */
  constructor(script, args = []) {
    const file = fileURLToPath(new URL(script, import.meta.url));
    this.script = script;
    useScratchFolder();
    this.child = fork(file, args, { execArgv: ['--expose-gc'] });
  }

  /**
   * @param {string} what
   * @param {unknown} [value]
   * @returns {Promise<any>}
   */
  ask(what, value) {
    return new Promise((resolve, reject) => {
      const ended = (/** @type {number | null} */ code, /** @type {string | null} */ signal) =>
        reject(
          new Error(`${this.script} ended with ${signal ?? `code ${code}`} before it had done '${what}'`),
        );
      this.child.once('exit', ended);
      this.child.once('message', (/** @type {any} */ { result, error }) => {
        this.child.off('exit', ended);
        if (error === undefined) resolve(result);
        else reject(new Error(`${this.script}, '${what}': ${error}`));
      });
      this.child.send({ what, value });
    });
  }

  async end() {
    await this.ask('end');
    this.child.disconnect();
    await once(this.child, 'exit');
  }
}

/** A run that failed or was stopped leaves no process behind. */
export function endWithParent() {
  process.once('disconnect', () => process.exit());
}

/**
 * @param {Record<string, (value: any) => unknown>} deeds what this process can do
 */
export function answer(deeds) {
  endWithParent();
  process.on('message', async (/** @type {{ what: string, value: unknown }} */ { what, value }) => {
    try {
      process.send?.({ result: await deeds[what](value) });
    } catch (error) {
      process.send?.({ error: /** @type {Error} */ (error).stack });
    }
  });
}
