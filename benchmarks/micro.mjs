/** The small steps that every call, event and write of state takes, by themselves, beside what the platform offers for them. */
import { deserialize, serialize } from 'node:v8';
import { Bench } from 'tinybench';
import { checkBatch } from '#internal/wire/check';
import { decode, encode } from '#internal/wire/codec';
import { measure } from '#internal/wire/measure';
import { snapshot } from '#internal/wire/snapshot';
import { survey } from '#internal/wire/survey';
import { topicMatches } from '#internal/wire/topics';
import { readArguments } from './support/arguments.mjs';
import { MESSAGE, TEXT } from './support/payloads.mjs';
import { machine, printTable, writeResult } from './support/report.mjs';

const { ms } = readArguments({ ms: { full: 400, quick: 40, about: 'ms for each step' } });

const RECORDS = Array.from({ length: 100 }, (_, index) => ({ ...MESSAGE, at: index }));
const BATCH = RECORDS.map((value) => ({
  type: 'NOTE',
  name: 'emit',
  value: { on: 1, topic: 'chat', payload: value },
}));
const BYTES = encode(BATCH);
const METHODS = new Set(['bot', 'offload']);
const NOTES = new Set(['emit', 'log', 'done']);
const LIMIT = 64 * 1024 * 1024;

const bench = new Bench({ time: ms, warmupTime: ms / 4 });
/** @type {[what: string, step: () => unknown][]} */
const STEPS = [
  ['copy a small message', () => snapshot(MESSAGE, 'value')],
  ['  … by structuredClone', () => structuredClone(MESSAGE)],
  ['copy 100 messages', () => snapshot(RECORDS, 'value')],
  ['  … by structuredClone', () => structuredClone(RECORDS)],
  ['copy 10 KB of text', () => snapshot(TEXT, 'value')],
  ['size of a small message', () => measure(MESSAGE, LIMIT)],
  ['size of 100 messages', () => measure(RECORDS, LIMIT)],
  ['check a batch of 100 frames', () => checkBatch(BATCH, METHODS, NOTES)],
  ['batch of 100 frames to bytes', () => encode(BATCH)],
  ['look over these bytes', () => survey(BYTES, LIMIT)],
  ['these bytes to a batch', () => decode(BYTES)],
  ["  … both ways by V8's serialize", () => deserialize(serialize(BATCH))],
  ["'chat.message' for 'chat.*'", () => topicMatches('chat.*', 'chat.message')],
];
for (const [index, [, step]] of STEPS.entries()) bench.add(`${index}`, step);
await bench.run();

const rows = bench.tasks.map((task, index) => {
  const { result } = /** @type {any} */ (task);
  if (result.error !== undefined) throw result.error;
  const { p50, p75, p99 } = result.latency;
  return { what: STEPS[index][0], microseconds: { median: p50 * 1000, p75: p75 * 1000, p99: p99 * 1000 } };
});
printTable(
  `Single steps, µs (Node ${process.version})`,
  ['', 'median', 'p75', 'p99'],
  rows.map(({ what, microseconds }) => [
    what,
    ...Object.values(microseconds).map((value) => value.toFixed(2)),
  ]),
);
await writeResult('micro.json', { ...machine(), ms, steps: rows });
