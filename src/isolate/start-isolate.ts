import type { ResolvedPluginOptions } from '../options.ts';
import type { Isolate, IsolateSpec } from './isolate.ts';
import { ProcessIsolate } from './process.ts';
import { ThreadIsolate } from './thread.ts';

/** What of a plugin's options has to be known before its isolate starts. */
export function specOf({ isolation, limits }: ResolvedPluginOptions, execArgv: string[] = []): IsolateSpec {
  return { tier: isolation, heapMb: limits.heapMb, execArgv };
}

export type StartIsolate = (spec: IsolateSpec, isStandby: boolean) => Isolate;

/**
 * @param setV8Flags see the option of that name; in this process the flags are set already
 * @param processFolder makes the working folder of a process
 */
export function isolateStarter(setV8Flags: boolean, processFolder: () => string): StartIsolate {
  return (spec, isStandby) =>
    spec.tier === 'process'
      ? new ProcessIsolate(spec, processFolder(), isStandby, setV8Flags)
      : new ThreadIsolate(spec, isStandby);
}
