import { expect, it } from 'vitest';
import { telling, told } from './loaded.ts';

it('runs enums, const enums, namespaces and parameter properties', async () => {
  const code = `
    enum Face { One = 1, Two, Six = 'six' as never }
    const enum Size { Small = 4, Large = Small * 5 }
    namespace Rules { export const maximum = Size.Large; }
    class Die { constructor(readonly sides: number, private readonly face = Face.Two) {} show() { return [this.sides, this.face]; } }`;
  expect(
    await told({ 'it.ts': telling('[Face.One, Face[2], Face.Six, Rules.maximum, new Die(6).show()]', code) }),
  ).toEqual([1, 'Two', 'six', 20, [6, 2]]);
});

it('runs types that leave nothing behind', async () => {
  const code = `
    import type { Nothing } from './_types.ts';
    import { type AlsoNothing, something } from './_types.ts';
    abstract class Base<const T extends object = {}> { declare ghost: string; accessor count = 1; abstract run(): T }
    class Sub extends Base<{ ok: true }> { override run() { return { ok: true } as const satisfies Nothing; } }
    function isOk(value: unknown): asserts value is AlsoNothing { if (!value) throw new Error('not ok'); }`;
  expect(
    await told({
      'it.ts': telling(
        `[new Sub().run(), new Sub().count, 'ghost' in new Sub(), something, typeof isOk]`,
        code,
      ),
      '_types.ts': `export interface Nothing { ok: boolean } export type AlsoNothing = 1; export const something = 'something';`,
    }),
  ).toEqual([{ ok: true }, 1, false, 'something', 'function']);
});

const decorated = `
    const order: string[] = [];
    @sealed class Decorated { @logged method() { return 'called'; } @named field = 'value'; }
    const decorated = new Decorated();`;

it('runs standard decorators', async () => {
  const decorators = `
    function sealed<T extends abstract new (...args: never[]) => unknown>(target: T, context: ClassDecoratorContext) { order.push(context.kind); return target; }
    function logged(method: (this: unknown) => string, context: ClassMethodDecoratorContext) { order.push(context.kind); return function (this: unknown) { return 'logged ' + method.call(this); }; }
    function named(_: undefined, context: ClassFieldDecoratorContext) { order.push(context.kind); return (value: string) => String(context.name) + ' ' + value; }`;
  expect(
    await told({ 'it.ts': telling('[order, decorated.method(), decorated.field]', decorators + decorated) }),
  ).toEqual([['method', 'field', 'class'], 'logged called', 'field value']);
});

it('runs every file of a folder as its tsconfig.json wants it: older decorators, class fields that are assigned', async () => {
  const code = `
    const order: string[] = [];
    function sealed(target: object) { order.push('class'); Object.seal(target); }
    function named(_target: object, key: string) { order.push(key); }
    function injected(_target: object, key: string, index: number) { order.push(key + index); }
    class Base { set field(value: string) { order.push('assigned ' + value); } }
    @sealed class Decorated extends Base { @named other = 1; field = 'value'; run(@injected _what: string) {} }
    new Decorated();
    export { order };`;
  const expected = ['other', 'run0', 'class', 'assigned value'];
  expect(
    await told({
      'it/tsconfig.json':
        '{ "compilerOptions": { "experimentalDecorators": true, "useDefineForClassFields": false, /* a comment */ } }',
      'it/lib/imported.ts': code,
      'it/index.ts': telling(
        '[order, imported]',
        `import { order as imported } from './lib/imported.ts';${code}`,
      ),
    }),
  ).toEqual([expected, expected]);
});

it("finds imports by the paths of the folder's tsconfig.json, also an inherited one", async () => {
  expect(
    await told({
      'it/tsconfig.json': '{ "extends": "./tsconfig.base.json" }',
      'it/tsconfig.base.json':
        '{ "compilerOptions": { "paths": { "@lib/*": ["./src/lib/*"], "config": ["./src/config.ts"] } } }',
      'it/src/lib/deep/part.ts': `export { name as part } from 'config';`,
      'it/src/config.ts': `export const name = 'by path';`,
      'it/index.ts': telling('part', `import { part } from '@lib/deep/part';`),
    }),
  ).toBe('by path');
});

it('bundles a local file whose name has a backslash, which is no separator', async () => {
  expect(
    await told({
      'it/tsconfig.json': '{ "compilerOptions": { "paths": { "odd": ["./a\\\\node_modules\\\\b.ts"] } } }',
      'it/a\\node_modules\\b.ts': `export enum Odd { Name = 'odd' }`,
      'it/index.ts': telling('Odd.Name', `import { Odd } from 'odd';`),
    }),
  ).toBe('odd');
});

it('finds a TypeScript file by the name its output would have', async () => {
  expect(
    await told({
      'it.ts': telling(
        '[a, b, c]',
        `import { a } from './_a.js'; import { b } from './_b.mjs'; import c from './_c.cjs';`,
      ),
      '_a.ts': `export const a = 'a';`,
      '_b.mts': `export const b = 'b';`,
      '_c.cts': `export = 'c';`,
    }),
  ).toEqual(['a', 'b', 'c']);
});

it('runs JSX as the folder wants it', async () => {
  expect(
    await told({
      'it/tsconfig.json': '{ "compilerOptions": { "jsx": "react", "jsxFactory": "h" } }',
      'it/view.tsx': `const h = (tag: string, props: object, ...children: unknown[]) => [tag, props, children]; declare namespace JSX { interface IntrinsicElements { b: { id: string } } } export const view = <b id="x">hi</b>;`,
      'it/index.ts': telling('view', `import { view } from './view.tsx';`),
    }),
  ).toEqual(['b', { id: 'x' }, ['hi']]);
});
