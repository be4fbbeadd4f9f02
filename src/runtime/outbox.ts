import { writeSync } from 'node:fs';
import type { Channel } from '../wire/frames.ts';
import { header } from '../wire/packets.ts';
import { CHANNEL } from '../wire/process-messages.ts';
import { release } from '../wire/release.ts';

/** From here on a buffer is not part of a pool, and worth being given back. */
const LARGE = 64 * 1024;

/**
 * A channel that reads from another, and writes packets to a descriptor by itself. What is posted has left the process when
 * `post` returns, whatever ends it then; if the host does not read, this thread waits.
 */
export function withOutbox(descriptor: number, inbox: Channel<Uint8Array>): Channel<Uint8Array> {
  // The plugin may replace the function that everybody sees.
  const write = writeSync;
  return {
    post: (bytes) => {
      const packet = Buffer.concat([header(CHANNEL.plugin, bytes), bytes]);
      try {
        for (let at = 0; at < packet.length; ) at += write(descriptor, packet, at);
      } catch {
        // The host has ended, or the plugin has closed it: either way this process ends in a moment.
      }
      if (bytes.length < LARGE) return;
      release(bytes);
      release(packet);
    },
    onBatch: (listener) => inbox.onBatch(listener),
    close: () => inbox.close(),
  };
}
