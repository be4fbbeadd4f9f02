import { MessageChannel } from 'node:worker_threads';
import { expect, it, onTestFinished } from 'vitest';
import { Link } from '#internal/wire/link';
import { PortChannel } from '#internal/wire/port-channel';
import { until } from '../support/workspace.ts';

/** A link whose other end is a bare port, as a tampered runtime would have it. */
function exposed(
  methods: Record<string, (value: never) => unknown>,
  notes: Record<string, (value: never) => unknown> = {},
) {
  const { port1, port2 } = new MessageChannel();
  const violations: string[] = [];
  const link: Link = new Link({
    channel: new PortChannel(port1),
    methods,
    notes,
    onViolation: (reason) => {
      violations.push(reason);
      link.end(() => new Error(reason));
    },
  });
  const received: unknown[] = [];
  port2.on('message', (batch) => received.push(...batch));
  onTestFinished(() => {
    link.end(() => new Error('over'));
    port2.close();
  });
  return { link, port: port2, violations, received };
}

const apply = (path: unknown, value: unknown = null, id: unknown = 'x') => ({
  id,
  type: 'APPLY',
  path,
  argumentList: [{ type: 'RAW', value }],
});

it('answers a well-formed request', async () => {
  const { port, received } = exposed({ double: (n: number) => n * 2 });
  port.postMessage([apply(['double'], 21)]);
  await until(() => received.length > 0, 'the answer');
  expect(received).toEqual([{ id: 'x', type: 'RAW', value: { ok: true, value: 42 } }]);
});

it.each([
  ['no list', 'hello'],
  ['undefined', undefined],
  ['a frame that is no object', [1]],
  ['a property path', [apply(['double', 'constructor'])]],
  ['an inherited name', [apply(['constructor'])]],
  ['__proto__', [apply(['__proto__'])]],
  ['toString', [apply(['toString'])]],
  ['an empty path', [apply([])]],
  ['a path that is no list', [apply('double')]],
  ['a name that is no string', [apply([{ toString: 1 }])]],
  ['GET', [{ id: 'x', type: 'GET', path: ['double'] }]],
  ['SET', [{ id: 'x', type: 'SET', path: ['double'], value: { type: 'RAW', value: 1 } }]],
  ['CONSTRUCT', [{ id: 'x', type: 'CONSTRUCT', path: ['double'], argumentList: [] }]],
  ['ENDPOINT', [{ id: 'x', type: 'ENDPOINT' }]],
  ['RELEASE', [{ id: 'x', type: 'RELEASE' }]],
  ['arguments that are no list', [{ id: 'x', type: 'APPLY', path: ['double'], argumentList: 5 }]],
  ['no arguments', [{ id: 'x', type: 'APPLY', path: ['double'], argumentList: [] }]],
  [
    'a handler of an unknown name',
    [
      {
        id: 'x',
        type: 'APPLY',
        path: ['double'],
        argumentList: [{ type: 'HANDLER', name: 'nope', value: 1 }],
      },
    ],
  ],
  [
    'a proxied argument',
    [
      {
        id: 'x',
        type: 'APPLY',
        path: ['double'],
        argumentList: [{ type: 'HANDLER', name: 'proxy', value: 1 }],
      },
    ],
  ],
  ['an id that is no string', [apply(['double'], 1, { valueOf: 1 })]],
  ['an endless id', [apply(['double'], 1, 'x'.repeat(10_000))]],
  ['an unknown note', [{ type: 'NOTE', name: 'constructor', value: 1 }]],
  ['a response without outcome', [{ id: 'x', type: 'RAW', value: 5 }]],
  [
    'a response with a bad error',
    [{ id: 'x', type: 'RAW', value: { ok: false, error: { kind: 'error', name: 5 } } }],
  ],
  [
    'a thrown response of comlink',
    [{ id: 'x', type: 'HANDLER', name: 'throw', value: { isError: true, value: {} } }],
  ],
  ['a billion holes', [apply(['double'], new Array(4_000_000_000))]],
])('ends itself on %s, and reaches nothing', async (_what, message) => {
  let called = 0;
  const { link, port, violations } = exposed({ double: () => called++ }, { known: () => called++ });
  const pending = link.request('anything', 1).catch((error: unknown) => error);
  port.postMessage(message);
  await until(() => violations.length > 0, 'the violation');
  expect(await pending).toBeInstanceOf(Error);
  expect(called).toBe(0);
  expect(Object.keys(Object.prototype)).toEqual([]);
});

it('bears 10,000 random and mutated frames without a throw or an effect', async () => {
  const random = generator(20_261_122);
  let reached = 0;
  for (let round = 0; round < 10_000; round += 100) {
    const { link, port } = exposed({ double: () => reached++ }, {});
    for (let n = 0; n < 100; n++) link.receive(mutate(random));
    link.end(() => new Error('over'));
    port.close();
  }
  expect(reached).toBe(0);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

it('settles every request that waits when it ends, and every later one', async () => {
  const { link } = exposed({});
  const waiting = [link.request('a', 1), link.request('b', 2)].map((request) =>
    request.catch((error: Error) => error.message),
  );
  link.end(() => new Error('it is over'));
  expect(await Promise.all(waiting)).toEqual(['it is over', 'it is over']);
  await expect(link.request('c', 3)).rejects.toThrow('it is over');
});

it('ignores an answer to a question that nobody asked', async () => {
  const { link, port, violations } = exposed({ echo: (value: unknown) => value });
  port.postMessage([{ id: 'nobody', type: 'RAW', value: { ok: true, value: 1 } }, apply(['echo'])]);
  const answered = link.request('anything', 1);
  port.once('message', ([frame]) =>
    port.postMessage([{ id: frame.id, type: 'RAW', value: { ok: true, value: 7 } }]),
  );
  expect(await answered).toBe(7);
  expect(violations).toEqual([]);
});

/** A small linear congruential generator, so that a failure can be repeated. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

const WORDS = [
  'APPLY',
  'RAW',
  'NOTE',
  'GET',
  'HANDLER',
  'proxy',
  'throw',
  'constructor',
  '__proto__',
  'prototype',
  'polluted',
  'id',
  'type',
  'path',
  'argumentList',
  'value',
  'name',
  'ok',
  'error',
  'kind',
];

function mutate(random: () => number, depth = 0): unknown {
  const pick = Math.floor(random() * (depth > 4 ? 6 : 10));
  const word = () => WORDS[Math.floor(random() * WORDS.length)] as string;
  switch (pick) {
    case 0:
      return word();
    case 1:
      return random() * 1e6;
    case 2:
      return null;
    case 3:
      return undefined;
    case 4:
      return random() > 0.5;
    case 5:
      return new Uint8Array(4);
    case 6:
      return Array.from({ length: Math.floor(random() * 4) }, () => mutate(random, depth + 1));
    case 7:
      return new Map([[word(), mutate(random, depth + 1)]]);
    default: {
      const frame: Record<string, unknown> = {};
      for (let n = 0; n < 5; n++) {
        Object.defineProperty(frame, word(), {
          value: mutate(random, depth + 1),
          enumerable: true,
          configurable: true,
        });
      }
      return depth === 0 ? [frame] : frame;
    }
  }
}
