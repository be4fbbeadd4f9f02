/**
 * One way to run a plugin and to replace it when its file is saved. Each runs in a process of its own, where
 * `system-process.mjs` loads one of these modules.
 *
 * @typedef {object} System
 * @property {(version: number) => Promise<unknown>} save writes that version over the plugin's file
 * @property {() => unknown} ask which version serves; may reject or be `undefined` as long as none does
 * @property {() => Promise<unknown>} [reload] asks for what was saved, where the system is told rather than watches
 * @property {() => Promise<unknown>} end
 */

/**
 * @typedef {object} Surroundings
 * @property {string} folder a fresh one, with nothing in it
 * @property {number} bytes of code in the plugin
 * @property {boolean} watch whether the system is to see by itself that the file was saved, if it can
 */

/** @typedef {(surroundings: Surroundings) => Promise<System>} Start */

export {};
