import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { BulkheadError } from './errors.ts';
import { didYouMean, nearest } from './nearest.ts';
import type { Logger, StateStore } from './options.ts';
import { LOG_LEVELS } from './status.ts';
import { MAX_TIMER_MS } from './units.ts';

const ms = z.number().min(0).max(MAX_TIMER_MS);
const positiveMs = z.number().min(1).max(MAX_TIMER_MS);

const restart = z.strictObject({
  type: z.enum(['permanent', 'transient', 'temporary']).optional(),
  initialDelayMs: ms.optional(),
  maxDelayMs: ms.optional(),
  resetMs: ms.optional(),
  maxCrashes: z.number().int().min(1).optional(),
  maxZombies: z.number().int().min(1).optional(),
  windowMs: ms.optional(),
  retryMs: ms.optional(),
});

const flag = z.union([z.boolean(), z.tuple([])], 'expected true, false or [], which means no');
const permissions = z.strictObject({
  read: z.array(z.string().min(1)).optional(),
  write: z.array(z.string().min(1)).optional(),
  net: flag.optional(),
  childProcess: flag.optional(),
  worker: flag.optional(),
  addons: flag.optional(),
});

export const pluginSchema = z.strictObject({
  isolation: z.enum(['thread', 'process']).optional(),
  limits: z
    .strictObject({
      heapMb: z.number().min(16).max(65_536).optional(),
      externalMb: z.number().min(1).optional(),
      stateMb: z.number().min(1).max(256).optional(),
    })
    .optional(),
  env: z.array(z.string().regex(/^[^=\0]+$/, 'expected the name of an environment variable')).optional(),
  permissions: permissions.optional(),
  restart: restart.optional(),
  startMs: positiveMs.optional(),
  drainMs: ms.optional(),
  teardownMs: ms.optional(),
  callTimeoutMs: positiveMs.optional(),
  hangMs: z
    .union(
      [z.literal(0), z.number().int().min(1_000).max(MAX_TIMER_MS)],
      'expected 0 or milliseconds from 1,000',
    )
    .optional(),
  queueLimit: z.number().int().min(1).optional(),
  budgets: z
    .strictObject({
      logBytesPerSecond: z.number().min(1).optional(),
      emitsPerSecond: z.number().min(1).optional(),
      emitBytesPerSecond: z.number().min(1).optional(),
      pendingCalls: z.number().int().min(1).optional(),
      pendingCallBytes: z.number().min(1).optional(),
    })
    .optional(),
  offload: z
    .strictObject({
      maxThreads: z.number().int().min(1).max(64).optional(),
      maxQueue: z.number().int().min(0).optional(),
    })
    .optional(),
});

/** The options behind it, or whether it is on. */
export function flagOr<T extends z.ZodType>(options: T) {
  return z.union([z.boolean(), options], 'expected true, false or an object of options');
}

export const hotReloadSchema = flagOr(
  z.strictObject({
    enabled: z.boolean().optional(),
    debounceMs: ms.optional(),
    polling: z.boolean().optional(),
    pollMs: positiveMs.optional(),
    sweepMs: ms.optional(),
  }),
);

const directory = z.custom<string | URL>(isPlace, 'expected a path or a file: URL');

const STORE_FUNCTIONS = ['load', 'write', 'replace', 'clear', 'loadDisabled', 'setDisabled', 'flush'];

export const managerSchema = z.strictObject({
  pluginDir: z.union(
    [directory, z.array(directory).min(1)],
    'is required: a directory (a path or a file: URL), or a list of directories',
  ),
  bot: z
    .custom<object>((value) => typeof value === 'object' && value !== null, 'expected an object of functions')
    .optional(),
  logger: z.custom<Logger>(isLogger, `expected a logger with ${LOG_LEVELS.join(', ')}`).optional(),
  hotReload: hotReloadSchema.optional(),
  config: z.record(z.string(), z.unknown()).optional(),
  plugins: z.record(z.string(), pluginSchema).optional(),
  defaults: pluginSchema.optional(),
  stateStore: z
    .custom<StateStore>(isStateStore, `expected a state store with ${STORE_FUNCTIONS.join(', ')}`)
    .optional(),
  crashDir: z.string().min(1).optional(),
  setV8Flags: z.boolean().optional(),
  standbys: z.number().int().min(0).max(64).optional(),
  maxPlugins: z.number().int().min(1).optional(),
  concurrency: z.number().int().min(1).max(256).optional(),
});

/** Parses with a zod schema, and makes an error that says where, what was expected, and which known name is near. */
export function parseOptions<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) => describeIssue(issue, schema));
  throw new BulkheadError('ERR_INVALID_OPTIONS', `Wrong ${what}: ${problems.join('; ')}`, {
    cause: result.error,
  });
}

function describeIssue(issue: z.core.$ZodIssue, schema: z.ZodType): string[] {
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, issue.path);
    return issue.keys.map((key) => {
      const near = nearest(key, known) ?? nearestInside(key, schema, issue.path);
      const hint = didYouMean(near, `known are ${known.join(', ')}`);
      return `unknown name '${[...issue.path, key].join('.')}'${hint}`;
    });
  }
  if (issue.code === 'invalid_union') {
    const deepest = issue.errors
      .flat()
      .find((inner) => inner.path.length > 0 || inner.code === 'unrecognized_keys');
    if (deepest !== undefined)
      return describeIssue({ ...deepest, path: [...issue.path, ...deepest.path] }, schema);
  }
  return [issue.path.length === 0 ? issue.message : `'${issue.path.join('.')}': ${issue.message}`];
}

/** Names allowed at a path of the schema. */
function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let candidates: z.ZodType[] = [schema];
  for (const step of path)
    candidates = candidates.flatMap(alternatives).flatMap((each) => childOf(each, step));
  return candidates
    .flatMap(alternatives)
    .flatMap((each) => (each instanceof z.ZodObject ? Object.keys(each.shape) : []));
}

/** The name may belong one level deeper: `limits.heapMb` for `heapMb`. */
function nearestInside(key: string, schema: z.ZodType, path: readonly PropertyKey[]): string | undefined {
  for (const group of knownKeys(schema, path)) {
    const near = nearest(key, knownKeys(schema, [...path, group]));
    if (near !== undefined) return `${group}.${near}`;
  }
  return undefined;
}

function alternatives(schema: z.ZodType): z.ZodType[] {
  if (schema instanceof z.ZodOptional) return alternatives(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodUnion) return (schema.options as z.ZodType[]).flatMap(alternatives);
  return [schema];
}

function childOf(schema: z.ZodType, step: PropertyKey): z.ZodType[] {
  if (schema instanceof z.ZodRecord) return [schema.valueType as z.ZodType];
  if (!(schema instanceof z.ZodObject)) return [];
  const child = (schema.shape as Record<string, z.ZodType>)[String(step)];
  return child === undefined ? [] : [child];
}

function isPlace(value: unknown): boolean {
  try {
    return pathOf(value as string | URL) !== '';
  } catch {
    return false;
  }
}

/** Throws if it is neither a path nor a `file:` URL. */
export function pathOf(place: string | URL): string {
  return typeof place === 'string' && !place.startsWith('file:') ? place : fileURLToPath(place);
}

function isLogger(value: unknown): boolean {
  return hasFunctions(value, LOG_LEVELS);
}

function isStateStore(value: unknown): boolean {
  return hasFunctions(value, STORE_FUNCTIONS);
}

function hasFunctions(value: unknown, names: readonly string[]): boolean {
  const isObject = typeof value === 'object' && value !== null;
  return isObject && names.every((name) => typeof (value as never)[name] === 'function');
}
