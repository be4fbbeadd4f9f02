import { BulkheadError } from '../errors.ts';
import { insteadOfFunction } from '../instead-of-function.ts';
import { LIMITS } from '../wire/frames.ts';
import type { PluginMetadata } from '../wire/messages.ts';
import type { PluginDefinition } from './api.ts';
import { defaultExport } from './default-export.ts';

/** Major.minor.patch with optional pre-release and build, as semver.org gives it. */
const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
const NAME = /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u;
const KNOWN = [
  'name',
  'displayName',
  'version',
  'description',
  'author',
  'config',
  'state',
  'swap',
  'setup',
] as const;

/** The plugin's definition, out of the module's exports; CommonJS modules may export it as `module.exports`. */
export function findDefinition(exports: Record<string, unknown>): PluginDefinition {
  const candidate = defaultExport(exports);
  if (candidate === undefined) {
    const found = Object.keys(exports).join(', ') || 'nothing';
    throw invalid(`has no default export (it exports ${found}). Write 'export default definePlugin({ … })'`);
  }
  if (!isObject(candidate)) {
    const what = candidate === null ? 'null' : `a ${typeof candidate}`;
    throw invalid(`exports ${what} as default; expected what definePlugin({ … }) returns`);
  }
  return candidate as unknown as PluginDefinition;
}

/**
 * Checks each field, so that the author reads what is wrong where.
 *
 * @throws {BulkheadError} `ERR_PLUGIN_INVALID`
 */
export function checkDefinition(definition: PluginDefinition): PluginMetadata {
  const given = definition as unknown as Record<string, unknown>;
  for (const key of Object.keys(given)) {
    if (!(KNOWN as readonly string[]).includes(key)) {
      const hint = key === 'default' ? `. In a CommonJS module write 'module.exports = { … }'` : '';
      throw invalid(`has an unknown field '${key}'; known are ${KNOWN.join(', ')}${hint}`);
    }
  }
  if (typeof given.name !== 'string' || !NAME.test(given.name)) {
    throw invalid(
      `has the name ${show(given.name)}; expected 1 to 64 letters, digits, '-', '_' or '.', starting with a letter or digit`,
    );
  }
  if (typeof given.version !== 'string' || !SEMVER.test(given.version)) {
    throw invalid(`has the version ${show(given.version)}; expected a semantic version such as '1.0.0'`);
  }
  checkFunction('setup', given.setup);
  if (given.config !== undefined && !isStandardSchema(given.config)) {
    throw invalid(`has a config that is no Standard Schema (zod, valibot, arktype … make them)`);
  }
  if (given.swap !== undefined && given.swap !== 'handover' && given.swap !== 'overlap') {
    throw invalid(`has swap: ${show(given.swap)}; expected 'handover' or 'overlap'`);
  }
  const state = checkState(given.state);
  return {
    name: given.name,
    displayName: optionalText(given, 'displayName') ?? given.name,
    version: given.version,
    description: optionalText(given, 'description') ?? '',
    author: optionalText(given, 'author') ?? '',
    stateVersion: state,
    swap: given.swap ?? 'handover',
  };
}

function checkState(state: unknown): number {
  if (state === undefined) return 1;
  if (!isObject(state)) throw invalid(`has a state of type ${typeOf(state)}; expected { version, migrate }`);
  const { version, migrate } = state;
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1) {
    throw invalid(`has state.version ${show(version)}; expected a whole number from 1`);
  }
  if (migrate !== undefined) checkFunction('state.migrate', migrate);
  return version;
}

function checkFunction(key: string, value: unknown): void {
  const found = insteadOfFunction(value);
  if (found !== undefined) throw invalid(`has a ${key} of type ${found}; expected a function`);
}

function optionalText(given: Record<string, unknown>, key: string): string | undefined {
  const value = given[key];
  if (value !== undefined && typeof value !== 'string') {
    throw invalid(`has ${key === 'author' ? 'an' : 'a'} ${key} of type ${typeOf(value)}; expected a string`);
  }
  return value?.slice(0, LIMITS.metadataLength);
}

function isStandardSchema(value: unknown): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard = (value as Record<string, unknown>)['~standard'];
  return isObject(standard) && typeof standard.validate === 'function';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : typeof value;
}

function show(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : String(value);
}

function invalid(text: string): BulkheadError {
  return new BulkheadError('ERR_PLUGIN_INVALID', `The plugin ${text}`);
}
