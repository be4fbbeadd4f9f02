// Loads the plugins of a directory, waits until each was looked at, and prints what the host warned of, as JSON.
import { setTimeout as sleep } from 'node:timers/promises';
import { PluginManager } from 'bulkhead';

const silent = () => {};
const logger = { trace: silent, debug: silent, info: silent, warn: silent, error: silent, fatal: silent };
const manager = new PluginManager({ pluginDir: process.argv[2], hotReload: false, logger });
const warnings = [];
manager.on('log', ({ level, text }) => level === 'warn' && warnings.push(text));
await manager.loadAll();
// Two looks of the watchdog: an absence can only be waited for by the clock.
await sleep(600);
await manager.unloadAll();
console.log(JSON.stringify(warnings));
