import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { type Files, Workspace } from '../support/workspace.ts';

export const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
/** The last line of what the bot shows when it has started. */
export const READY = '!help lists the commands';

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** The command-line program as a real process, in a workspace, talked to through pipes. Killed when the test ends. */
export class RunningProgram {
  readonly workspace: Workspace;
  readonly ended: Promise<Ended>;
  readonly child: ChildProcessWithoutNullStreams;
  /** What it wrote to standard output, and to standard error. */
  out = '';
  err = '';
  readonly #waiting = new Set<() => void>();

  /** @param into a command of the shell that reads its output */
  constructor(
    workspace: Workspace,
    args: string[] = [],
    { terminal = false, into = '' }: { terminal?: boolean; into?: string } = {},
  ) {
    this.workspace = workspace;
    const plain: [string, ...string[]] = [process.execPath, MAIN, ...args];
    const [command, ...rest] = terminal ? inTerminal() : into !== '' ? piped(plain, into) : plain;
    const env = { ...process.env, TERM: 'xterm', NO_COLOR: '1' };
    this.child = spawn(command, rest, { cwd: workspace.root, env });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => this.#wrote('out', text));
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => this.#wrote('err', text));
    // A program that ended early does not read the rest of its input.
    this.child.stdin.on('error', () => {});
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code, signal) => {
        resolve({ code, signal });
        this.#wrote('out', '');
      });
    });
    onTestFinished(async () => {
      this.child.kill('SIGKILL');
      await this.ended;
    });
  }

  /** Starts the program on files of a fresh workspace. */
  static async starting(files: Files, args: string[] = []): Promise<RunningProgram> {
    return new RunningProgram(await Workspace.create(files), args);
  }

  /** The same, and waits until it has started. */
  static async ready(files: Files, args: string[] = []): Promise<RunningProgram> {
    const program = await RunningProgram.starting(files, args);
    await program.shows(READY);
    return program;
  }

  send(line: string): void {
    this.child.stdin.write(`${line}\n`);
  }

  /** Resolves with all of the output when a text is in it, in either stream; rejects when the program has ended without it. */
  shows(text: string | RegExp, timeoutMs = 30_000): Promise<string> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) => {
        done();
        reject(new Error(`${why} before it showed ${text}:\n${this.out}\n--- stderr\n${this.err}`));
      };
      const look = () => {
        const all = `${this.out}\n${this.err}`;
        if (typeof text === 'string' ? all.includes(text) : text.test(all)) {
          done();
          resolve(all);
        } else if (this.child.exitCode !== null && this.child.stdout.closed) fail('The program ended');
      };
      const timer = setTimeout(() => fail(`${timeoutMs} ms went by`), timeoutMs);
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(look);
      };
      this.#waiting.add(look);
      look();
    });
  }

  #wrote(stream: 'out' | 'err', text: string): void {
    this[stream] += text;
    for (const look of [...this.#waiting]) look();
  }
}

/** Ends as the program does, not as what reads from it. */
function piped(program: string[], into: string): [string, ...string[]] {
  return ['bash', '-o', 'pipefail', '-c', `"$@" | ${into}`, 'bash', ...program];
}

function inTerminal(): [string, ...string[]] {
  return [
    'script',
    '--quiet',
    '--flush',
    '--return',
    '--command',
    `'${process.execPath}' '${MAIN}'`,
    '/dev/null',
  ];
}

/** Runs the program to its end on a piped input. */
export async function runToEnd(
  files: Files,
  input: string,
  args: string[] = [],
): Promise<RunningProgram & Ended> {
  const program = new RunningProgram(await Workspace.create(files), args);
  program.child.stdin.end(input);
  return Object.assign(program, await program.ended);
}

/** The output below the start's table. */
export function answers(program: RunningProgram): string[] {
  const lines = program.out.split('\n');
  return lines.slice(lines.findIndex((line) => line.includes(READY)) + 1, -1);
}
