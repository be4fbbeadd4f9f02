import { isDeepStrictEqual } from 'node:util';
import { BulkheadError, codeOf, PluginStoppedError } from '../errors.ts';
import type { Generation } from '../isolate/generation.ts';
import type { Slot } from '../isolate/slot.ts';
import { MAY_WAIT, SCHEMA_HANGS } from './prepare.ts';
import { TransactionError } from './transaction-error.ts';

/**
 * Gives a new configuration to the generation that serves.
 *
 * @param isNewest there is no newer version on disk, which may take what this one refuses
 * @returns whether it goes on with it; else a new generation has to
 * @throws {TransactionError} if it is refused
 */
export async function configureRunning(
  slot: Slot,
  current: Generation,
  value: unknown,
  isNewest: boolean,
): Promise<boolean> {
  if (isNewest && isDeepStrictEqual(value, slot.config)) return true;
  const { startMs } = slot.options;
  const interrupted = new Promise<never>((_, reject) => {
    slot.wait = { interrupt: () => reject(new PluginStoppedError(slot.name, current.number)) };
  });
  const timeout = () => {
    const within = `within ${startMs} ms${MAY_WAIT}`;
    return current.steps.checksConfig
      ? new BulkheadError('ERR_PLUGIN_CONFIG', `${SCHEMA_HANGS} ${within}`, { plugin: slot.name })
      : new Error(`onConfig did not end ${within}`);
  };
  try {
    const configured = Promise.race([current.steps.configure(value), interrupted]);
    return (await slot.patience.wait(configured, startMs, timeout)).applied;
  } catch (cause) {
    current.steps.giveUpConfigure();
    if (!isNewest && codeOf(cause) === 'ERR_PLUGIN_CONFIG') return false;
    throw new TransactionError('config', slot, slot.accepted, cause);
  } finally {
    slot.wait = undefined;
  }
}
