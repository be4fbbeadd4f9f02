import { type Bundle, bundle } from './bundle.ts';
import { BuiltJobs } from './jobs.ts';
import type { Restrictions } from './restrictions.ts';

export { BuildError } from './build-error.ts';
export { isThere } from './bundle.ts';

/** A plugin as a module, and the modules that it offloads. */
export interface Build extends Bundle {
  jobs: BuiltJobs;
}

/**
 * Builds a plugin's module in `directory`.
 *
 * @param restrictions what the plugin's modules must not import, and be made of
 * @throws {BuildError} `ERR_PLUGIN_BUILD` with file, line and code frame.
 */
export async function buildPlugin(
  entry: string,
  directory: string,
  restrictions: Restrictions = { denied: [] },
): Promise<Build> {
  const built = await bundle(entry, directory, restrictions);
  return { ...built, jobs: new BuiltJobs(built.inputs) };
}
