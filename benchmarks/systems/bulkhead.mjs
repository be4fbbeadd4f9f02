import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PluginManager } from 'bulkhead';
import { SILENT } from '../support/workspace.mjs';
import { NEIGHBOURS, sourceOf, writeInPlace } from './sources.mjs';

/**
 * @param {'thread' | 'process'} isolation
 * @param {number} [debounceMs] the quiet time, if not the default
 * @returns {import('./system.mjs').Start}
 */
export const bulkhead =
  (isolation, debounceMs) =>
  async ({ folder, bytes, watch }) => {
    const pluginDir = join(folder, 'plugins');
    const file = join(pluginDir, 'plugin.mjs');
    const source = pluginSource('plugin', bytes);
    const save = async (/** @type {number} */ version) => writeInPlace(file, source(version));
    await mkdir(pluginDir);
    await save(0);
    for (let index = 1; watch && index <= NEIGHBOURS; index++) {
      const name = `neighbour${index}`;
      await writeFile(join(pluginDir, `${name}.mjs`), pluginSource(name, bytes)(index));
    }
    const manager = new PluginManager({
      pluginDir,
      logger: SILENT,
      hotReload: watch ? { ...(debounceMs !== undefined && { debounceMs }) } : false,
      defaults: { isolation },
    });
    const { failed } = await manager.loadAll();
    if (failed.length > 0) throw failed[0].error;
    const plugin = /** @type {any} */ (manager.plugin('plugin'));
    return {
      save,
      ...(watch ? {} : { reload: () => manager.reload('plugin') }),
      ask: async () => {
        await plugin.compute(1);
        return plugin.version();
      },
      end: () => manager.unloadAll(),
    };
  };

/**
 * @param {string} name
 * @param {number} bytes
 */
function pluginSource(name, bytes) {
  return sourceOf(
    bytes,
    (version, compute) => `import { definePlugin } from 'bulkhead/plugin';
export default definePlugin({
  name: '${name}', version: '1.0.${version}',
  setup: () => ({ compute: ${compute}, version: () => ${version} }),
});`,
  );
}
