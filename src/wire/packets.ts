import type { Duplex } from 'node:stream';
import { MAX_BATCH_BYTES } from './codec.ts';
import type { Channel } from './frames.ts';
import { release } from './release.ts';

/** Length of what follows, in four bytes, the lowest first; then the number of the channel. */
const HEADER_BYTES = 5;
/** How long packets of one stream are handled before others have their turn, ms. */
const TURN_MS = 4;

/** What stands before the bytes of a packet. */
export function header(channel: number, bytes: Uint8Array): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUInt32LE(bytes.length);
  header.writeUInt8(channel, 4);
  return header;
}

type Listener = (bytes: Uint8Array) => void;

/**
 * Some numbered {@link Channel}s over one stream of bytes, as length-prefixed packets. What is announced is checked before
 * anything is kept of it, and a stream that is never empty does not keep the event loop from others.
 */
export class Packets {
  readonly #stream: Duplex;
  readonly #onViolation: (reason: string) => void;
  readonly #maxBytes: number;
  readonly #listeners: (Listener | undefined)[];
  readonly #early: Uint8Array[][];
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  #body: Buffer | undefined;
  #bodyBytes = 0;
  #isClosed = false;

  /**
   * @param channels how many; their numbers count from 0
   * @param maxBytes the longest packet that is accepted
   */
  constructor(
    stream: Duplex,
    channels: number,
    onViolation: (reason: string) => void,
    maxBytes: number = MAX_BATCH_BYTES,
  ) {
    this.#stream = stream;
    this.#onViolation = onViolation;
    this.#maxBytes = maxBytes;
    this.#listeners = Array.from({ length: channels });
    this.#early = Array.from({ length: channels }, () => []);
    stream.on('data', (chunk: Buffer) => this.#read(chunk));
    // What is written to a side that has ended is lost with it.
    stream.on('error', () => {});
  }

  /** What arrives on it is kept until somebody listens. Closing any closes all. */
  channel(number: number): Channel<Uint8Array> {
    return {
      post: (bytes) => this.#post(number, bytes),
      onBatch: (listener) => this.#listen(number, listener),
      close: () => this.close(),
    };
  }

  close(): void {
    this.#isClosed = true;
    this.#stream.destroy();
  }

  #post(channel: number, bytes: Uint8Array): void {
    if (this.#isClosed || !this.#stream.writable) return;
    this.#stream.cork();
    this.#stream.write(header(channel, bytes));
    this.#stream.write(bytes);
    this.#stream.uncork();
  }

  #listen(number: number, listener: Listener): void {
    this.#listeners[number] = listener;
    for (const bytes of this.#early[number]!.splice(0)) this.#give(listener, bytes);
  }

  #read(chunk: Buffer): void {
    const start = performance.now();
    for (let offset = 0; offset < chunk.length && !this.#isClosed; ) {
      offset += this.#body === undefined ? this.#readHeader(chunk, offset) : this.#readBody(chunk, offset);
    }
    release(chunk);
    if (this.#isClosed || performance.now() - start < TURN_MS) return;
    this.#stream.pause();
    setImmediate(() => this.#stream.resume());
  }

  #readHeader(chunk: Buffer, offset: number): number {
    const taken = chunk.copy(this.#header, this.#headerBytes, offset);
    this.#headerBytes += taken;
    if (this.#headerBytes < HEADER_BYTES) return taken;
    this.#headerBytes = 0;
    const length = this.#header.readUInt32LE();
    const channel = this.#header.readUInt8(4);
    if (channel >= this.#listeners.length) this.#violation(`a packet for the unknown channel ${channel}`);
    else if (length > this.#maxBytes) this.#violation(`a packet of ${length} bytes`);
    else if (length === 0) this.#violation('an empty packet');
    else {
      this.#body = Buffer.allocUnsafeSlow(length);
      this.#bodyBytes = 0;
    }
    return taken;
  }

  #readBody(chunk: Buffer, offset: number): number {
    const body = this.#body as Buffer;
    const taken = chunk.copy(body, this.#bodyBytes, offset);
    this.#bodyBytes += taken;
    if (this.#bodyBytes < body.length) return taken;
    this.#body = undefined;
    const channel = this.#header.readUInt8(4);
    const listener = this.#listeners[channel];
    if (listener === undefined) this.#early[channel]!.push(body);
    else this.#give(listener, body);
    return taken;
  }

  /** A listener keeps nothing of what it is given. */
  #give(listener: Listener, bytes: Uint8Array): void {
    listener(bytes);
    release(bytes);
  }

  #violation(reason: string): void {
    this.#isClosed = true;
    this.#stream.pause();
    this.#onViolation(reason);
  }
}
