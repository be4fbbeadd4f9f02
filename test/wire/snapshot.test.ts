import { expect, it } from 'vitest';
import { checkBatch, isWireError } from '#internal/wire/check';
import { LIMITS } from '#internal/wire/frames';
import { measure } from '#internal/wire/measure';
import { snapshot } from '#internal/wire/snapshot';
import { decodeError, encodeError } from '#internal/wire/wire-error';

it.each([
  ['plain data', { a: [1, 'x', null, undefined, true], b: { c: 2n } }],
  ['dates, maps, sets', { at: new Date(5), map: new Map([['k', new Set([1])]]) }],
  ['typed arrays', [new Uint8Array([1, 2]), Buffer.from('abc'), new Float64Array(2)]],
  ['a large object', Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`k${n}`, { n }]))],
  ['a key called __proto__', JSON.parse('{"__proto__": {"polluted": 1}}')],
  ['NaN and -0', [Number.NaN, -0]],
])('copies %s', (_what, value) => {
  const copy = snapshot(value, 'value');
  expect(copy).toEqual(value);
  expect(copy).not.toBe(value);
});

it.each([
  ['typed array', new Float64Array([1, 2])],
  ['view', new DataView(new ArrayBuffer(3))],
  ['Buffer', Buffer.from('abc')],
  ['part of a larger one', new Uint8Array(100).subarray(3, 5)],
])('gives a %s memory that nothing else is in', (_what, view) => {
  const [copy] = snapshot([view], 'value') as [NodeJS.ArrayBufferView];
  expect(copy).toEqual(view);
  expect(copy.constructor).toBe(view.constructor);
  expect(copy.byteOffset).toBe(0);
  expect(copy.buffer.byteLength).toBe(view.byteLength);
});

it('keeps cycles and shared references', () => {
  const shared = { n: 1 };
  const value: Record<string, unknown> = { one: shared, two: shared };
  value.self = value;
  const copy = snapshot(value, 'value');
  expect(copy.one).toBe(copy.two);
  expect(copy.self).toBe(copy);
});

it('ends the reason why a part cannot cross with one full stop', () => {
  expect(() => snapshot(Promise.resolve(), 'argument 1')).toThrow(/could not be cloned\. Only data/);
});

it.each([
  ['.user.socket', { user: { socket: () => {} } }],
  ['.list[2]', { list: [1, 2, Symbol('x')] }],
  ['["odd key"].f', { 'odd key': { f: () => {} } }],
  ['.get("k").f', new Map([['k', { f: () => {} }]])],
  ['.users.keys().f', { users: new Map([[{ f: () => {} }, 1]]) }],
  ['.shared', { shared: new SharedArrayBuffer(8) }],
  ['.promise', { promise: Promise.resolve() }],
])('refuses a part that cannot cross, with its path: %s', (path, value) => {
  expect(() => snapshot(value, 'argument 1')).toThrow(
    expect.objectContaining({
      code: 'ERR_NOT_CLONEABLE',
      message: expect.stringContaining(`argument 1: ${path} `),
    }),
  );
});

const throwing = (thrown: unknown) => ({
  get field() {
    throw thrown;
  },
});
const { proxy, revoke } = Proxy.revocable({}, {});
revoke();

it.each([
  [
    'a getter that throws',
    { user: throwing(new Error('no such user')) },
    /^argument 1: \.user\.field .*: no such user\./,
  ],
  ['one that throws no error', throwing(1), /^argument 1: \.field .*: 1\./],
  ['one in what V8 clones', new Map([['k', throwing(1)]]), /^argument 1: \.get\("k"\)\.field .*: 1\./],
  ['a proxy that was revoked', { proxy }, /^argument 1: \.proxy .* revoked/],
  [
    'a getter that throws such a proxy',
    { user: throwing(proxy) },
    /^argument 1: \.user\.field .* cannot be read either/,
  ],
  [
    'one that throws an error whose message is no text',
    throwing(Object.assign(new Error(), { message: 1 })),
    /^argument 1: \.field .*: 1\./,
  ],
])('refuses what cannot be read: %s', (_what, value, message) => {
  const refused = expect.objectContaining({
    code: 'ERR_NOT_CLONEABLE',
    message: expect.stringMatching(message),
  });
  expect(() => snapshot(value, 'argument 1')).toThrow(refused);
});

it('refuses what is too large for one message', () => {
  expect(() => snapshot('x'.repeat(LIMITS.valueBytes), 'argument 1')).toThrow(
    expect.objectContaining({ code: 'ERR_VALUE_TOO_LARGE' }),
  );
  expect(() => snapshot({ bytes: new Uint8Array(LIMITS.valueBytes + 1) }, 'argument 1')).toThrow(/at most/);
});

it('measures at least what strings, bytes and elements take, and gives up at the limit', () => {
  expect(measure('x'.repeat(1000), 1e9)).toBeGreaterThanOrEqual(2000);
  expect(measure({ deep: [new Uint8Array(5000)] }, 1e9)).toBeGreaterThanOrEqual(5000);
  expect(measure(new Map([['k', 'x'.repeat(100)]]), 1e9)).toBeGreaterThanOrEqual(200);
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  expect(measure(cyclic, 1e9)).toBeLessThan(100);
  expect(measure(new Array(1_000_000_000), 1e6)).toBeGreaterThan(1e6);
});

it('keeps what a list has beside its entries', () => {
  const match = /(?<word>b)/.exec('abc')!;
  const copy = snapshot(match, 'value');
  expect([copy[0], copy.index, copy.input]).toEqual(['b', 1, 'abc']);
});

it('refuses few bytes that stand for more than the receiver takes', () => {
  const sparse: string[] = [];
  sparse[123_456_789] = 'ada';
  expect(() => snapshot(sparse, 'argument 1')).toThrow(
    expect.objectContaining({
      code: 'ERR_VALUE_TOO_LARGE',
      message: expect.stringContaining('holes count too'),
    }),
  );
});

it.each([
  ['.options.signal', { options: { signal: AbortSignal.abort() } }],
  ['[1]', [1, AbortSignal.abort()]],
])('refuses a signal that would arrive as an empty object: %s', (path, value) => {
  expect(() => snapshot(value, 'argument 1')).toThrow(
    expect.objectContaining({
      code: 'ERR_NOT_CLONEABLE',
      message: expect.stringMatching(`^argument 1: \\${path} cannot be sent .* an AbortSignal can only`),
    }),
  );
});

const page = new Response('text');
const amongMany = (value: unknown) => [...Array.from({ length: 100 }, (_, n) => ({ n })), value];

it.each([
  ['.page', { page }, 'Response objects arrive empty; send what you need of it'],
  ['[1]', [1, new URL('http://localhost')], 'URL'],
  ['.headers', { url: 'x', headers: new Headers({ a: 'b' }) }, 'Headers'],
  ['.page', { page: new (class extends Response {})() }, 'Response'],
  ['.get("home")', new Map([['home', page]]), 'Response'],
  ['.keys()', new Map([[page, 'home']]), 'Response'],
  ['.pages.values()', { pages: new Set([1, page]) }, 'Response'],
  ['[100].page', amongMany({ page }), 'Response'],
  ['[100].pages.get("home")[0]', amongMany({ pages: new Map([['home', [page]]]) }), 'Response'],
  ['[0]', [new Error('fetch failed', { cause: page })], 'Response'],
  ['.event', { event: new CustomEvent('chat', { detail: 1 }) }, 'CustomEvent'],
  ['.to', { to: new TextDecoder() }, 'TextDecoder'],
  ['.to', { to: new TextEncoder() }, 'TextEncoder'],
  ['.mark', { mark: performance.mark('here') }, 'PerformanceMark'],
  ['.control', { control: new AbortController() }, 'AbortController objects arrive empty; send its signal'],
])('refuses what would arrive as an empty object: %s', (path, value, what) => {
  expect(() => snapshot(value, 'argument 1')).toThrow(
    expect.objectContaining({
      code: 'ERR_NOT_CLONEABLE',
      message: expect.stringContaining(`argument 1: ${path} cannot be sent to another thread: ${what}`),
    }),
  );
});

it.each([
  ['WritableStream', new WritableStream()],
  ['TransformStream', new TransformStream()],
  ['Blob', new Blob(['text'])],
  ['Event', new MessageEvent('chat', { data: 1 })],
])('refuses what V8 itself refuses, or calls something else, on some versions of Node: %s', (name, value) => {
  expect(() => snapshot([value], 'argument 1')).toThrow(
    expect.objectContaining({
      code: 'ERR_NOT_CLONEABLE',
      message: expect.stringMatching(
        `^argument 1: \\[0\\] cannot be sent .*(${name} objects arrive empty|Unserializable)`,
      ),
    }),
  );
});

it.each([
  ['calls itself an Event', 'Event'],
  ['calls itself a File', 'File'],
])('sends what is in an object that %s', (_what, kind) => {
  class Named {
    name = 'chat';
    get [Symbol.toStringTag]() {
      return kind;
    }
  }
  const copies = snapshot([new Named(), {}, new Map([[1, new Named()]])], 'value') as unknown[];
  expect(copies).toEqual([{ name: 'chat' }, {}, new Map([[1, { name: 'chat' }]])]);
});

it('sends what cannot say what it is', () => {
  class Silent {
    get [Symbol.toStringTag]() {
      throw new Error('who knows');
    }
  }
  expect(snapshot({ silent: new Silent() }, 'value')).toEqual({ silent: {} });
});

it.each([
  ['objects', [{ at: new Date(5) }, {}]],
  ['maps, sets and typed arrays', [new Map(), new Set(), new Uint8Array(), new ArrayBuffer(0), {}]],
  ['objects of a class', [new (class Empty {})()]],
  ['objects with an error', [new RangeError('full'), {}]],
])('sends empty %s', (_what, value) => {
  expect(snapshot(value, 'value')).toEqual(structuredClone(value));
});

it('sends what throws only when the copy has been made', () => {
  let reads = 0;
  const value = {
    at: new Date(5),
    get nothing() {
      if (reads++ === 2) throw new Error('too late');
      return {};
    },
  };
  expect(snapshot(value, 'value')).toEqual({ at: new Date(5), nothing: {} });
  expect(reads).toBe(3);
});

it('sends as many causes and parts of an error as the receiver takes', () => {
  const many = (make: () => Error, count: number) => new AggregateError(Array.from({ length: count }, make));
  const refused = () => new TypeError('fetch failed', { cause: many(() => new Error('ECONNREFUSED'), 8) });
  const wire = encodeError(many(refused, 100));
  expect(isWireError(wire)).toBe(true);
  const decoded = decodeError(wire) as AggregateError;
  expect(decoded.errors).toHaveLength(100);
  expect((decoded.errors[0].cause as AggregateError).errors).toHaveLength(8);
});

it.each([600, 5_000, 50_000])('refuses what is nested %i levels deep', (levels) => {
  let deep: object = {};
  for (let level = 0; level < levels; level++) deep = { deep };
  expect(() => snapshot(deep, 'argument 1')).toThrow(
    expect.objectContaining({
      code: 'ERR_NOT_CLONEABLE',
      message: expect.stringContaining('nested deeper than 500 levels'),
    }),
  );
});

it('takes what is nested as deep as it may be for what may be received', () => {
  let deep: object = {};
  for (let level = 1; level < LIMITS.depth; level++) deep = { deep };
  const frame = { type: 'NOTE', name: 'note', value: { args: [[snapshot(deep, 'argument 1')]] } };
  expect(checkBatch([frame], new Set(), new Set(['note']))).toBeUndefined();
  let tooDeep: object = {};
  for (let level = 0; level < 2 * LIMITS.depth; level++) tooDeep = { tooDeep };
  expect(measure(tooDeep, 1e9)).toBe(Number.POSITIVE_INFINITY);
});
