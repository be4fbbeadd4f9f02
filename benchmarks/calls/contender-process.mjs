/** Run by `calls.mjs`: one contender in a process of its own, measured when it is its turn. */
import { answer } from '../scale/subject.mjs';
import { CASES } from './cases.mjs';
import { bulkhead, bulkheadProcess, comlink, ipc, raw } from './contenders.mjs';
import { piscina, workerpool } from './pools.mjs';

/** @type {Record<string, () => Promise<import('./contenders.mjs').Contender>>} */
const CONTENDERS = {
  bulkhead,
  'bulkhead-process': bulkheadProcess,
  comlink,
  raw,
  piscina,
  workerpool,
  ipc,
};
const contender = await CONTENDERS[process.argv[2]]();
answer({
  ready: () => {},
  /** @param {{ index: number, ms: number }} request */
  measure: ({ index, ms }) => CASES[index].measure(contender, ms),
  end: () => contender.close(),
});
