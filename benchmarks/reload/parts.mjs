/** Where the time of a reload goes: notes when the stages begin and end. Meant for one reload at a time. */
import { Steps } from '#internal/isolate/steps';
import { Workload } from '#internal/isolate/workload';
import { Preparation } from '#internal/reload/prepare';

/** In the order they come in. With `swap: 'overlap'` drain and teardown come later, and are left out. */
export const PARTS = ['look', 'build', 'load', 'drain', 'teardown', 'setup', 'other'];

/** @type {Map<string, { from: number, ms: number }>} */
let stages = new Map();

noteTimes(Preparation.prototype, 'prepare');
noteTimes(Workload.prototype, 'drain');
for (const stage of ['load', 'teardown', 'setup']) noteTimes(Steps.prototype, stage);

/**
 * @param {object} prototype
 * @param {string} name
 */
function noteTimes(prototype, name) {
  const methods = /** @type {Record<string, (...args: unknown[]) => Promise<unknown>>} */ (prototype);
  const original = methods[name];
  if (original === undefined) throw new Error(`There is no '${name}' any more whose time could be noted`);
  methods[name] = async function (...args) {
    const stage = { from: performance.now(), ms: 0 };
    stages.set(name, stage);
    try {
      return await original.apply(this, args);
    } finally {
      stage.ms = performance.now() - stage.from;
    }
  };
}

/**
 * Milliseconds of each part of the reload that has just ended.
 *
 * @param {number} totalMs from the notice of its change until now
 * @returns {Record<string, number>}
 */
export function takeParts(totalMs) {
  const since = performance.now() - totalMs;
  const from = (/** @type {string} */ stage) => stages.get(stage)?.from ?? Number.NaN;
  const ms = (/** @type {string} */ stage) => stages.get(stage)?.ms ?? 0;
  const parts = {
    look: from('prepare') - since,
    build: from('load') - from('prepare'),
    load: ms('load'),
    drain: ms('drain'),
    teardown: ms('teardown'),
    setup: ms('setup'),
  };
  stages = new Map();
  const known = Object.values(parts).reduce((sum, part) => sum + part);
  return { ...parts, other: totalMs - known };
}
