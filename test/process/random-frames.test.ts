import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { checkDone, checkLog } from '#internal/isolate/check-notes';
import { EncodedChannel, encode } from '#internal/wire/codec';
import { Link } from '#internal/wire/link';
import { Packets } from '#internal/wire/packets';

/** Numbers that are the same in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function packet(bytes: Uint8Array, channel = 0, length = bytes.length): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32LE(length);
  header.writeUInt8(channel, 4);
  return Buffer.concat([header, bytes]);
}

const VALID = [
  [{ type: 'NOTE', name: 'log', value: { level: 'info', fields: { a: [1, 2.5, null] }, text: 'hello' } }],
  [
    {
      id: '1',
      type: 'APPLY',
      path: ['bot'],
      argumentList: [{ type: 'RAW', value: { on: 0, call: 1, args: [] } }],
    },
  ],
  [
    {
      id: '1',
      type: 'RAW',
      value: { ok: false, error: { kind: 'error', name: 'E', message: 'm', stack: 's' } },
    },
  ],
  [
    {
      type: 'NOTE',
      name: 'done',
      value: { calls: [1], results: [new Map([[1n, new Date(0)]])], failed: [], events: [2] },
    },
  ],
  [
    { type: 'NOTE', name: 'log', value: new Float64Array([1, 2, 3]) },
    { type: 'NOTE', name: 'log', value: /x/g },
  ],
].map((batch) => Buffer.from(encode(batch)));

/** A packet that is wrong in one of many ways, or now and then right. */
function hostile(next: () => number): Buffer {
  const int = (below: number) => Math.floor(next() * below);
  if (int(4) === 0) {
    const noise = Buffer.from(Array.from({ length: 1 + int(64) }, () => int(256)));
    return int(2) === 0 ? noise : packet(noise, int(3));
  }
  const bytes = Buffer.from(VALID[int(VALID.length)] as Buffer);
  for (let changes = int(4); changes > 0; changes--) bytes[int(bytes.length)] = int(256);
  const cut = int(8) === 0 ? bytes.subarray(0, int(bytes.length)) : bytes;
  return packet(cut, int(2), int(16) === 0 ? int(2 ** 32) : cut.length);
}

/** In memory of their own, as what a pipe reads is. */
function likeRead(bytes: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(own);
  return own;
}

it('100,000 random and mutated frames throw nothing into the host', async () => {
  const next = random(1);
  let violations = 0;
  let notes = 0;
  const noted = (check: (note: unknown) => unknown) => (note: unknown) => {
    check(note);
    notes++;
  };
  for (let frame = 0; frame < 100_000; frame++) {
    const pipe = new PassThrough();
    const packets = new Packets(pipe, 2, () => violations++);
    const link = new Link({
      channel: new EncodedChannel(packets.channel(0)),
      methods: { bot: () => 'ok' },
      notes: { log: noted(checkLog), done: noted(checkDone) },
      onViolation: () => violations++,
    });
    pipe.emit('data', likeRead(hostile(next)));
    link.end(() => new Error('the end'));
    // A pipe tells of each in a turn of its own; without one now and then, none of them could be collected.
    if (frame % 100 === 0) await setImmediate();
  }
  expect(violations).toBeGreaterThan(40_000);
  expect(notes).toBeGreaterThan(1_000);
}, 300_000);
