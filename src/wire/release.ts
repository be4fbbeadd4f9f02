import { MessageChannel, type MessagePort } from 'node:worker_threads';

/** Closed: what is sent there is gone, with its memory. Only Node 20, whose buffers cannot let go of it themselves, needs it. */
let nowhere: MessagePort | undefined;
/** Smaller ones it would take longer to send than to collect. */
const WORTH_SENDING = 16 * 1024;

/**
 * Gives the memory of bytes that nobody looks at any more back at once. What is left to the garbage collection adds up to some
 * 60 MB first, since V8 does not see how much it is.
 *
 * @param bytes alone in their memory, as what is read from a pipe is; Node 26 takes more for it than it reads. Never part of
 *   a pool, as `Buffer.from` and `Buffer.concat` give: all of the pool would be gone.
 */
export function release(bytes: Uint8Array): void {
  const memory = bytes.buffer as ArrayBuffer & { transfer?(length: number): ArrayBuffer };
  if (memory.transfer !== undefined) memory.transfer(0);
  else if (memory.byteLength >= WORTH_SENDING) sendNowhere(memory);
}

function sendNowhere(memory: ArrayBuffer): void {
  if (nowhere === undefined) {
    nowhere = new MessageChannel().port1;
    nowhere.close();
  }
  nowhere.postMessage(undefined, [memory]);
}
