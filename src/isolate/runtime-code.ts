import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type RuntimeCode, runtimeScript } from '../wire/runtime-code.ts';

const RUNTIME = new URL('../runtime/entry.cjs', import.meta.url);

let compiled: RuntimeCode | undefined;

/** As it is: for a single thread it takes longer to compile it beforehand than that saves. */
export function runtimeCode(): RuntimeCode {
  return { url: RUNTIME.href, source: asFunction(readFileSync(RUNTIME, 'utf8')) };
}

/** Compiled when the first thread needs it. */
export function compiledRuntimeCode(): RuntimeCode {
  compiled ??= compile(runtimeCode());
  return compiled;
}

/** Here, and not in the thread, which would hold it twice. */
function asFunction(module: string): string {
  return `(function (module, require, runtimeUrl) {${module}\n})`;
}

/** It is run, which only defines what it consists of, so that the functions that this takes are compiled too. */
function compile(code: RuntimeCode): RuntimeCode {
  const script = runtimeScript(code);
  script.runInThisContext()({ exports: {} }, createRequire(code.url), code.url);
  return { ...code, compiled: shared(script.createCachedData()) };
}

/** In memory that all threads read, since each would begin with a copy of it. */
function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}
