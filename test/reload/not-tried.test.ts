import { BulkheadError, PluginCrashedError } from 'bulkhead';
import { expect, it } from 'vitest';
import { NotStartedError } from '#internal/isolate/not-started';
import { DamagedStateError } from '#internal/platform/guarded-store';
import { wasNotTried } from '#internal/reload/not-tried';
import { BuildError } from '#internal/source/build';
import { UnusableDirectoryError } from '#internal/source/build-directory';
import { Fingerprint } from '#internal/source/fingerprint';
import { bench } from '../support/workspace.ts';

const withCode = (code: string, fields = {}) => Object.assign(new Error(code), { code, ...fields });
const crash = (reason: string, cause: Error) => new PluginCrashedError('p', 1, reason, 'no', cause);
const ofStore = (cause: Error) => new BulkheadError('ERR_STATE_STORE', 'no', { cause });

it.each([
  ['the temporary directory', new UnusableDirectoryError(withCode('ENOENT')), true],
  ['a disk that is full', new BuildError('no', new Fingerprint(), undefined, undefined, true), true],
  ['a source that cannot be built', new BuildError('no', new Fingerprint()), false],
  ['threads', new NotStartedError('no'), true],
  ['threads, as Node tells of it later', crash('start-failed', withCode('ERR_WORKER_INIT_FAILED')), true],
  ['processes', crash('start-failed', withCode('EAGAIN')), true],
  ['a permission to start processes', crash('start-failed', withCode('ERR_ACCESS_DENIED')), false],
  ['descriptors, as a plugin says that crashed', crash('uncaught-exception', withCode('EMFILE')), false],
  ['a disk, as a plugin says', withCode('EROFS', { isTransient: true, isOfPlace: true }), false],
  ['the state store', ofStore(withCode('ECONNREFUSED')), true],
  ['a state that can be one', ofStore(new DamagedStateError('no')), false],
])('knows whether a version was not tried for want of %s', (_what, error, expected) => {
  expect(wasNotTried(error)).toBe(expected);
});

it('tries once only what throws as if the host lacked something', async () => {
  const throwing = `throw Object.assign(new Error('no'), { code: 'EMFILE', isOfPlace: true });`;
  const { manager, workspace, next, seen } = await bench(
    { 'p.ts': throwing },
    { hotReload: { debounceMs: 5, sweepMs: 5 } },
  );
  await manager.loadAll();
  const other = next('reload-failed', ({ name }) => name === 'other');
  await workspace.write({ 'plugins/other.ts': throwing });
  await other;
  expect(seen('reload-failed').map(({ name }) => name)).toEqual(['p', 'other']);
});
