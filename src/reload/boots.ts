import { availableParallelism } from 'node:os';
import { asError, codeOf, PluginStoppedError } from '../errors.ts';
import { Generation } from '../isolate/generation.ts';
import type { Slot } from '../isolate/slot.ts';
import type { Standbys } from '../isolate/standby.ts';
import { specOf } from '../isolate/start-isolate.ts';
import type { Build } from '../source/build.ts';
import { Limiter } from './limiter.ts';

/** Starts generations: in a standby if there is one for them, else in an isolate that boots now. */
export class Boots {
  readonly #standbys: Standbys;
  /** One processor is left to the host and to the plugins that serve. */
  readonly #limiter = new Limiter(Math.max(1, availableParallelism() - 1));

  constructor(standbys: Standbys) {
    this.#standbys = standbys;
  }

  /** @param isFresh no version that has served is made of it */
  async start(slot: Slot, build: Build, execArgv: string[], isFresh: boolean): Promise<Generation> {
    const spec = specOf(slot.options, execArgv);
    const start = () => {
      const isStandby = this.#standbys.has(spec);
      const isolate = this.#standbys.take(spec);
      return new Generation(slot.lastGeneration + 1, build, isolate, isStandby, slot.requests);
    };
    slot.throwIfStopping();
    const canWait = isFresh && slot.isServing && !this.#standbys.has(spec);
    return canWait ? await this.#inTurn(slot, start) : start();
  }

  /**
   * Starts it once more, in another isolate: what has ended a standby need not end that.
   *
   * @param error why it failed, which is thrown if that was not the reason
   */
  startAgain(slot: Slot, failed: Generation, execArgv: string[], error: unknown): Generation {
    if (!failed.endedAsStandby || codeOf(error) !== 'ERR_PLUGIN_CRASHED') throw error;
    slot.throwIfStopping();
    const text = `${asError(error).message}. It had not loaded anything by then, and is started once more`;
    slot.log({ level: 'warn', fields: {}, text });
    const isolate = this.#standbys.fresh(specOf(slot.options, execArgv));
    return new Generation(failed.number, failed.build, isolate, false, slot.requests);
  }

  /** Of many reloads at once, only some boot their isolates at a time, as long as the versions before serve. */
  #inTurn(slot: Slot, start: () => Generation): Promise<Generation> {
    return new Promise((resolve, reject) => {
      const boot = async () => {
        if (slot.wait !== wait) return;
        slot.wait = undefined;
        const generation = start();
        resolve(generation);
        await generation.booted;
      };
      const wait = {
        interrupt: () => {
          slot.wait = undefined;
          reject(new PluginStoppedError(slot.name, slot.lastGeneration));
        },
        hurry: () => void boot().catch(reject),
      };
      slot.wait = wait;
      this.#limiter.run(boot).catch(reject);
    });
  }
}
