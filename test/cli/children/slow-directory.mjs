// Makes the plugin directory one that is slow to be read, as on a network: not before there is a file `go` beside it.
import { existsSync, promises } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';

const { readdir } = promises;
promises.readdir = async (path, ...rest) => {
  if (basename(String(path)) === 'plugins') {
    process.stderr.write('reading\n');
    while (!existsSync('go')) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return readdir(path, ...rest);
};
syncBuiltinESMExports();
