import type { Deniable } from '../permissions.ts';
import { type Bundle, bundle } from './bundle.ts';
import { BuiltJobs } from './jobs.ts';

export { BuildError } from './build-error.ts';

/** A plugin as a module, and the modules that it offloads. */
export interface Build extends Bundle {
  jobs: BuiltJobs;
}

/**
 * Builds a plugin's module in `directory`.
 *
 * @param denied what the plugin's modules must not import
 * @throws {BuildError} `ERR_PLUGIN_BUILD` with file, line and code frame.
 */
export async function buildPlugin(
  entry: string,
  directory: string,
  denied: readonly Deniable[] = [],
): Promise<Build> {
  const built = await bundle(entry, directory, denied);
  return { ...built, jobs: new BuiltJobs(built.inputs) };
}
