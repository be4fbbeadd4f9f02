import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { codeOf } from '../errors.ts';
import type { HotReloadOptions, PluginOptions } from '../index.ts';
import { flagOr, hotReloadSchema, parseOptions, pluginSchema } from '../options-schema.ts';
import { MAX_TIMER_MS } from '../units.ts';
import { parseJson } from './json.ts';

/** setTimeout's own upper bound, in seconds. */
const MAX_SECONDS = MAX_TIMER_MS / 1_000;

const pluginsSchema = z
  .strictObject({
    enabled: z.boolean().optional(),
    dir: z
      .union(
        [z.string().min(1), z.array(z.string().min(1)).min(1)],
        'expected a directory, or a list of directories',
      )
      .optional(),
    crashDir: z.string().min(1).optional(),
    hot_reload: flagOr(
      z.strictObject({
        enabled: z.boolean().optional(),
        debounce_delay: z.number().min(0).max(MAX_SECONDS).optional(),
      }),
    ).optional(),
    hotReload: hotReloadSchema.optional(),
    defaults: pluginSchema.optional(),
    options: z.record(z.string(), pluginSchema).optional(),
  })
  .refine((plugins) => plugins.hot_reload === undefined || plugins.hotReload === undefined, {
    path: ['hot_reload'],
    message: "stands beside 'plugins.hotReload', which means the same; keep one of them",
  });

/** The connection of a bot that has one; the console bot has none. */
const botSchema = z.strictObject({
  domain: z.string().min(1).optional(),
  channel: z.string().min(1).optional(),
});

const documentSchema = z.strictObject({
  bot: botSchema.optional(),
  plugins: pluginsSchema.optional(),
  config: z.record(z.string(), z.unknown()).optional(),
});

/** The document as it is written, once it is known to be well-formed. */
export type ConfigDocument = z.infer<typeof documentSchema>;

/** What a configuration file says, in the terms of `PluginManagerOptions`. */
export interface BotConfig {
  /** False: the bot runs without any plugin. Default: true. */
  enabled: boolean;
  /** Absolute. `undefined` if the file does not say. */
  pluginDirs: string[] | undefined;
  /** Absolute. `undefined` if the file does not say. */
  crashDir: string | undefined;
  hotReload: HotReloadOptions;
  defaults: PluginOptions;
  options: Record<string, PluginOptions>;
  /** Configuration of the plugins, by their ids. */
  config: Record<string, unknown>;
  document: ConfigDocument;
}

/**
 * Reads a configuration file. Rejects with the file's system error, with `JsonSyntaxError`, or with
 * `ERR_INVALID_OPTIONS`, which names the path of what is wrong and the nearest known name.
 */
export async function readConfigFile(path: string): Promise<BotConfig> {
  return parseConfig(await readText(path), path);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    // It can be opened; of what goes wrong after that, Node does not name the file.
    if (codeOf(error) !== 'EISDIR') throw error;
    throw Object.assign(new Error(`'${path}' is a directory; expected a file`), { code: 'EISDIR' });
  }
}

/** As {@link readConfigFile}, for a text; directories in it are relative to the place of the file. */
export async function parseConfig(text: string, path: string): Promise<BotConfig> {
  const value = await parseJson(text, path);
  const document = parseOptions(documentSchema, value, `configuration file '${path}'`);
  return toConfig(document, dirname(path));
}

/** What holds without a configuration file. */
export function emptyConfig(): BotConfig {
  return toConfig({}, '.');
}

function toConfig(document: ConfigDocument, base: string): BotConfig {
  const { plugins = {}, config = {} } = document;
  return {
    enabled: plugins.enabled ?? true,
    pluginDirs: plugins.dir === undefined ? undefined : [plugins.dir].flat().map((dir) => resolve(base, dir)),
    crashDir: plugins.crashDir === undefined ? undefined : resolve(base, plugins.crashDir),
    hotReload: asObject(plugins.hotReload) ?? fromSeconds(asObject(plugins.hot_reload)),
    defaults: plugins.defaults ?? {},
    options: plugins.options ?? {},
    config,
    document,
  };
}

function asObject<T>(value: boolean | T): T | { enabled: boolean } {
  return typeof value === 'boolean' ? { enabled: value } : value;
}

function fromSeconds(old: { enabled?: boolean; debounce_delay?: number } = {}): HotReloadOptions {
  const { enabled, debounce_delay: seconds } = old;
  return {
    ...(enabled === undefined ? {} : { enabled }),
    ...(seconds === undefined ? {} : { debounceMs: seconds * 1_000 }),
  };
}
