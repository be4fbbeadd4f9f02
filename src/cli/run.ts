import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import { type BotConfig, emptyConfig, readConfigFile } from '../bots/config-file.ts';
import type { RunArguments } from './arguments.ts';
import { Program } from './program.ts';

const DEFAULT_CONFIG = 'bulkhead.config.json';

/** Starts the console bot. Rejects if the configuration cannot be used. */
export async function run(args: RunArguments): Promise<void> {
  const configFile = resolve(args.config ?? DEFAULT_CONFIG);
  const config = await readConfig(configFile, args.config !== undefined);
  const program = new Program({
    config,
    configFile,
    pluginDirs: args.plugins.length > 0 ? args.plugins : (config.pluginDirs ?? ['plugins']),
    hotReload: args.hotReload ? config.hotReload : { ...config.hotReload, enabled: false },
    user: args.user ?? loginName(),
  });
  await program.run();
}

/** A file that nobody asked for need not be there. */
async function readConfig(path: string, isWanted: boolean): Promise<BotConfig> {
  try {
    return await readConfigFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    if (!isWanted) return emptyConfig();
    throw new Error(`the configuration file '${path}' does not exist`, { cause: error });
  }
}

/** An account without an entry in the system's list, as in some containers, has none. */
function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'user';
  }
}
