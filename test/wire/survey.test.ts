import { expect, it } from 'vitest';
import { decode, encode } from '#internal/wire/codec';
import { LIMITS } from '#internal/wire/frames';
import { survey } from '#internal/wire/survey';

const shared = { a: 1 };
const cycle: Record<string, unknown> = { name: 'cycle' };
cycle.self = cycle;
const sparse: unknown[] = [];
sparse[100_000] = 'far';
const views = new Uint8Array(8);
const holes = [1, 2, 3];
delete holes[1];
const withProperties = Object.assign([1, 2], { also: 'this' });

it.each<[what: string, value: unknown]>([
  [
    'primitives',
    [undefined, null, true, false, 0, -1, 2 ** 30, 2 ** 40, -0, 0.5, Number.NaN, 'text', 'ü', '日本語', ''],
  ],
  ['big integers', [0n, 1n, -(2n ** 200n), Object(5n)]],
  ['objects', { a: { b: [1, { c: 'd' }] }, 1: 'number', ü日: [], '': {} }],
  ['boxed values', [Object(true), Object(false), Object(1.5), Object('text'), new Date(5), /x+/giu]],
  ['holes', [...holes, ...Array.from({ length: 50 })]],
  ['a sparse array', sparse],
  ['an array with properties', withProperties],
  ['maps and sets', [new Map<unknown, unknown>([[{ a: 1 }, new Set([1, [2]])]]), new Set(['x', new Map()])]],
  ['references', [shared, shared, cycle]],
  [
    'buffers',
    [
      new ArrayBuffer(10),
      new Uint8Array([1, 2, 3]),
      new Float64Array([1.5]),
      new DataView(new ArrayBuffer(8), 2, 4),
      new BigInt64Array(3),
    ],
  ],
  [
    'views of one buffer',
    [views.subarray(0, 4), views.subarray(4), views.buffer, new DataView(views.buffer)],
  ],
  ['a buffer of many', [new Uint8Array(100_000).fill(0xff), 'x'.repeat(100_000), '日'.repeat(50_001)]],
  [
    'errors',
    [
      new Error('e'),
      new RangeError('r', { cause: new TypeError('t', { cause: { a: 1 } }) }),
      Object.assign(new Error('x'), { code: 'Y' }),
    ],
  ],
  ['strings of odd places', Array.from({ length: 20 }, (_, n) => ['a'.repeat(n), '日'.repeat(n)])],
])('takes %s as V8 writes them', (_what, value) => {
  const bytes = encode(value);
  survey(bytes, LIMITS.frameBytes);
  expect(decode(bytes)).toEqual(structuredClone(value));
});

it('takes values of every shape', () => {
  let state = 7;
  const next = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  /** Values and memory that others refer to. */
  let made: unknown[] = [];
  let memory = new ArrayBuffer(8);
  const make = (depth: number): unknown => {
    const children = () =>
      Array.from({ length: next(5) }, () => {
        const child = next(8) === 0 ? made[next(made.length)] : make(depth + 1);
        made.push(child);
        return child;
      });
    switch (next(depth > 6 ? 10 : 15)) {
      case 0:
        return next(2 ** 31) - 2 ** 30;
      case 1:
        return next(1_000) / 7;
      case 2:
        return 'aü日'.repeat(next(20)).slice(next(3));
      case 3:
        return new Uint8Array(next(300)).fill(next(256));
      case 4:
        return [null, undefined, true, 5n ** BigInt(next(60))][next(4)];
      case 5:
        return new Date(next(2 ** 31));
      case 6:
        return new Error('x'.repeat(next(9)));
      case 7:
        return new Float32Array(next(9));
      case 8:
        return new DataView(memory, next(8));
      case 9:
        memory = new ArrayBuffer(8);
        return memory;
      case 10:
        return new Map(children().map((child, index) => [index, child]));
      case 11:
        return new Set(children());
      case 12:
        return children();
      case 13:
        return Object.assign([], { [next(9)]: make(depth + 1) });
      default:
        return Object.fromEntries(children().map((child, index) => [`k${index}`, child]));
    }
  };
  for (let round = 0; round < 3_000; round++) {
    made = [];
    survey(encode(make(0)), LIMITS.frameBytes);
  }
});

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];

it('refuses arrays that announce more than there is, before anything is allocated', () => {
  const levels = 2_000;
  const array = [0x41, ...varint(8_000)];
  const bomb = Uint8Array.from([
    0xff,
    0x0f,
    ...Array.from({ length: levels }, () => array).flat(),
    ...Array(8_000).fill(0x5f),
  ]);
  const before = process.memoryUsage().rss;
  expect(() => decode(bomb)).toThrow();
  const many = Uint8Array.from([0xff, 0x0f, 0x41, ...varint(1e6), ...Array(1e6).fill(0x5f)]);
  expect(() => survey(many, 1e6)).toThrow('more than may be sent');
  expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(100);
});

it('refuses what it does not know, and what ends too early', () => {
  for (const bytes of [
    [],
    [0xff],
    [0xff, 0x0f],
    [0xff, 0x0f, 0x77],
    [0xff, 0x0f, 0x75, 0],
    [1, 2, 3],
    [0xff, 0x0f, 0x22, 200],
  ])
    expect(() => survey(Uint8Array.from(bytes), 1e6)).toThrow();
});
