import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { alternativePath } from '../support/alternatives.mjs';
import { treeMemory } from '../support/process-tree.mjs';
import { useScratchFolder } from '../support/scratch.mjs';

const SCRIPT = fileURLToPath(new URL('system-process.mjs', import.meta.url));
/** How long a request may take: with 8 MB of code and no memory left, a reload takes its time. */
const LONGEST_MS = 120_000;

/** A system in a process of its own, and what it has cost so far. */
export class SystemProcess {
  #output = '';
  /** What waits for the next answer. @type {{ resolve: (answer: any) => void, reject: (reason: Error) => void } | undefined} */
  #waiting;

  /** @param {import('node:child_process').ChildProcess} child */
  constructor(child) {
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        this.#output = (this.#output + chunk).slice(-4_000);
      });
    }
    // Some systems send messages of their own.
    child.on('message', (/** @type {any} */ message) => {
      if (message?.kind === 'answer') this.#waiting?.resolve(message);
    });
    child.on('exit', (code, signal) => this.#waiting?.reject(new Error(this.#lastWords(code, signal))));
  }

  /**
   * @param {import('./catalogue.mjs').Entry} entry
   * @param {number} bytes of code in its plugin
   * @param {'watch' | 'told'} how it learns of a save
   */
  static async start({ name, preload }, bytes, how) {
    const imports = preload === undefined ? [] : ['--import', pathToFileURL(alternativePath(preload)).href];
    useScratchFolder();
    const child = fork(SCRIPT, [name, `${bytes}`, how], {
      execArgv: ['--expose-gc', '--no-warnings', ...imports],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const system = new SystemProcess(child);
    try {
      await system.#answer();
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
    return system;
  }

  /**
   * Saves this version and waits until it answers.
   *
   * @param {number} version
   * @returns {Promise<{ ms: number, unseen: number }>} how long that took, and how often the save had to be made again
   */
  turn(version) {
    return this.#ask({ kind: 'turn', version });
  }

  /** Memory of it and its children once the garbage is collected, bytes. */
  async memory() {
    const { heapUsed } = await this.#ask({ kind: 'tidy' });
    return { heapUsed, total: await treeMemory(/** @type {number} */ (this.child.pid)) };
  }

  async end() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 5_000);
    this.child.send({ kind: 'end' });
    await once(this.child, 'exit');
    clearTimeout(timer);
  }

  /** @param {{ kind: string, version?: number }} request */
  async #ask(request) {
    const answer = this.#answer();
    this.child.send(request);
    const { result, error } = await answer;
    if (error !== undefined) throw new Error(error);
    return result;
  }

  /** @returns {Promise<any>} */
  async #answer() {
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting = { resolve, reject };
        timer = setTimeout(() => reject(new Error(`no answer within ${LONGEST_MS / 1000} s`)), LONGEST_MS);
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * @param {number | null} code
   * @param {string | null} signal
   */
  #lastWords(code, signal) {
    const said = this.#output.split('\n').find((line) => /error|fatal|cannot/i.test(line));
    return `it ended with ${signal ?? `code ${code}`}: ${(said ?? this.#output.slice(-200)).trim()}`;
  }
}
