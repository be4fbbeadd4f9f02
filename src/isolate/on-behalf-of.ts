import { AsyncLocalStorage } from 'node:async_hooks';
import type { Invocation } from './work.ts';

/** On whose behalf the host's code runs at the moment: set while a plugin's call of `ctx.bot` is carried out. */
export const onBehalfOf = new AsyncLocalStorage<Invocation>();
