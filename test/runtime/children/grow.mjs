/** Fills its heap, has one heartbeat, and keeps it full; posts the signs with which it tells that it is low. */
import { getHeapStatistics } from 'node:v8';
import { parentPort } from 'node:worker_threads';
import { Heartbeat } from '#internal/runtime/heartbeat';
import { Vitals } from '#internal/wire/vitals';

const FULL = 0.74;
/** @type {object[][]} */
const kept = [];
const share = () => {
  const { used_heap_size, heap_size_limit } = getHeapStatistics();
  return used_heap_size / heap_size_limit;
};
const objects = () => Array.from({ length: 1_000 }, (_, n) => ({ text: `x${n}`, list: [n, n, n, n] }));
const heartbeat = new Heartbeat(new Vitals(), { bytes: 0 }, (signs) => {
  clearInterval(growing);
  parentPort?.postMessage(signs);
});
while (share() < FULL) kept.push(objects());
heartbeat.beat();
let turns = 10_000;
const growing = setInterval(() => {
  kept.push(objects());
  // What was kept for a while is left to the large collections.
  if (share() > FULL) kept.splice(0, 2);
  if (--turns === 0) clearInterval(growing);
}, 1);
