import { functions } from './functions.mjs';

process.on('message', (/** @type {any} */ { id, name, args }) => {
  process.send?.({ id, value: /** @type {any} */ (functions)[name](...args) });
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
