import { Script } from 'node:vm';

/** The runtime, and what V8 made of it: compiling it anew would be a tenth of what it takes to start a thread. */
export interface RuntimeCode {
  /** Where it is from. */
  url: string;
  /** A function of `module`, `require` and `runtimeUrl`. */
  source: string;
  /** Absent before V8 has compiled it. Of no use to a V8 with other flags, which then compiles it itself. */
  compiled?: Uint8Array;
}

/** Made the same way by the host and by the threads, since what was compiled serves nothing else. */
export function runtimeScript({ url, source, compiled }: RuntimeCode): Script {
  return new Script(source, {
    filename: url,
    cachedData: compiled,
  });
}
