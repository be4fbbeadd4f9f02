/** Run by `calls.mjs`: one contender in a process of its own, measured when it is its turn. */
import { once } from 'node:events';
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
process.send?.('ready');
for (;;) {
  const [request] = await once(process, 'message');
  if (request === 'end') break;
  const { index, ms } = /** @type {{ index: number, ms: number }} */ (request);
  process.send?.(await CASES[index].measure(contender, ms));
}
await contender.close();
process.disconnect?.();
