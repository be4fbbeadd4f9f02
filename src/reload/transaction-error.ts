import { asError, BulkheadError, codeOf, type ErrorCode, isError } from '../errors.ts';
import type { Slot } from '../isolate/slot.ts';
import type { Build } from '../source/build.ts';
import type { SourceLocation } from '../source/code-frame.ts';
import { locate, PluginSourceError } from '../source/source-error.ts';
import type { Stage } from '../status.ts';

/** Where and why a load or reload ended. `error` is what users see. */
export class TransactionError extends Error {
  readonly stage: Stage;
  readonly error: Error;

  constructor(stage: Stage, slot: Slot, build: Build | undefined, cause: unknown) {
    const error = explain(stage, slot, build, cause);
    super(error.message, { cause });
    this.stage = stage;
    this.error = error;
  }
}

/** Errors about the definition, not thrown by the author's code: they need no place in a stack. */
const ABOUT_DEFINITION = new Set<string | undefined>([
  'ERR_PLUGIN_INVALID',
  'ERR_PLUGIN_CONFIG',
  'ERR_PLUGIN_NAME_TAKEN',
  'ERR_STATE_MIGRATION',
  'ERR_COMMAND_TAKEN',
  'ERR_MAX_PLUGINS',
  'ERR_PERMISSIONS',
  'ERR_PLUGIN_LOAD',
  'ERR_PLUGIN_SETUP_TIMEOUT',
]);
/** These say all there is to say. */
const NOT_OF_PLUGIN = new Set<string | undefined>([
  'ERR_PLUGIN_ENTRY',
  'ERR_PLUGIN_STOPPED',
  'ERR_MANAGER_CLOSED',
  'ERR_STATE_STORE',
]);
const CODES: Record<Stage, ErrorCode> = {
  discover: 'ERR_PLUGIN_ENTRY',
  build: 'ERR_PLUGIN_BUILD',
  load: 'ERR_PLUGIN_LOAD',
  config: 'ERR_PLUGIN_CONFIG',
  migrate: 'ERR_STATE_MIGRATION',
  setup: 'ERR_PLUGIN_SETUP',
};
const DOING: Record<Stage, string> = {
  discover: 'could not be found',
  build: 'could not be built',
  load: 'could not be loaded',
  config: 'could not take its configuration',
  migrate: 'threw while it migrated its state',
  setup: 'threw in setup()',
};

function explain(stage: Stage, slot: Slot, build: Build | undefined, cause: unknown): Error {
  const code = codeOf(cause);
  if (cause instanceof PluginSourceError) return cause;
  const text = asError(cause).message;
  if (NOT_OF_PLUGIN.has(code)) return asError(cause);
  if (code === 'ERR_PLUGIN_SUPERSEDED') {
    const message = `${slot.entry}: Plugin '${slot.name}' was still in its ${stage} when ${text}`;
    return new BulkheadError(code, message, { plugin: slot.name });
  }
  const where = text.includes(slot.entry) ? '' : `${slot.entry}: `;
  const details = { plugin: slot.name, cause };
  if (ABOUT_DEFINITION.has(code)) {
    const whose =
      code === 'ERR_PLUGIN_CONFIG'
        ? `Plugin '${slot.name}' could not take its configuration (config.${slot.id}). `
        : '';
    // Of an error that the schema threw.
    const place = placeOf(asError(cause).cause, build);
    return new PluginSourceError(code as ErrorCode, whose + where + text, place, build?.inputs, details);
  }
  const isCrash = code === 'ERR_PLUGIN_CRASHED';
  const place = placeOf(isCrash ? asError(cause).cause : cause, build);
  const what = isError(cause) ? `${cause.name}: ${text}${deniedIn(cause, slot, build)}` : text;
  const doing = isCrash ? `did not survive its ${stage}` : DOING[stage];
  const message = `${place === undefined ? where : ''}Plugin '${slot.name}' ${doing}: ${what}`;
  return new PluginSourceError(CODES[stage], message, place, build?.inputs, details);
}

function placeOf(error: unknown, build: Build | undefined): SourceLocation | undefined {
  if (!isError(error) || build === undefined) return undefined;
  return locate(error.stack ?? '', build.inputs);
}

/** Node's own message names neither what was denied nor, often, what grants it. */
function deniedIn(error: Error, slot: Slot, build: Build | undefined): string {
  if (codeOf(error) !== 'ERR_ACCESS_DENIED') return '';
  const { permission, resource } = error as { permission?: string; resource?: string };
  const grant = isDeniedToBot(slot, build)
    ? 'the bot itself runs under the permission model of Node, and may not be allowed it'
    : "the plugin's 'permissions' can grant it";
  return ` (${permission}${resource ? ` of ${resource}` : ''}; ${grant})`;
}

/** With permissions of its own, a plugin runs under these alone; all before its thread is the doing of the bot. */
function isDeniedToBot({ options }: Slot, build: Build | undefined): boolean {
  if (process.permission === undefined) return false;
  const hasThread =
    build !== undefined && process.permission.has(options.isolation === 'process' ? 'child' : 'worker');
  return options.permissions === undefined || !hasThread;
}
