import { Deserializer, Serializer } from 'node:v8';
import { BulkheadError } from '../errors.ts';
import { type Batch, type Channel, LIMITS } from './frames.ts';
import { survey } from './survey.ts';

/** Longest batch of a plugin, bytes: one value of the largest size, and what may have gathered before it. */
export const MAX_BATCH_BYTES = LIMITS.valueBytes + 8 * LIMITS.batchBytes;
/** Longest batch of the host, bytes: the state of a plugin, which is told at once. */
export const MAX_HOST_BATCH_BYTES = LIMITS.frameBytes;

/** A structured clone as bytes. V8's own writer: buffers come out as on a port between threads, as `Uint8Array`. */
export function encode(value: unknown): Uint8Array {
  const serializer = new Serializer();
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer();
}

/** The inverse of {@link encode}. Throws if these are not its bytes, or would take more memory than a frame may. */
export function decode(bytes: Uint8Array): unknown {
  survey(bytes, LIMITS.frameBytes);
  const deserializer = new Deserializer(bytes);
  deserializer.readHeader();
  return deserializer.readValue();
}

/** A channel of batches over one of bytes. */
export class EncodedChannel implements Channel {
  readonly #bytes: Channel<Uint8Array>;
  readonly #maxBytes: number;

  /** @param maxBytes the longest batch that the other side accepts */
  constructor(bytes: Channel<Uint8Array>, maxBytes: number = MAX_BATCH_BYTES) {
    this.#bytes = bytes;
    this.#maxBytes = maxBytes;
  }

  /** @throws {BulkheadError} `ERR_VALUE_TOO_LARGE` if the other side would not accept it; nothing was sent then */
  post(batch: Batch): void {
    const bytes = encode(batch);
    if (bytes.length > this.#maxBytes) {
      const text = `A message of ${bytes.length} bytes is too large to be sent; at most ${this.#maxBytes}`;
      throw new BulkheadError('ERR_VALUE_TOO_LARGE', text);
    }
    this.#bytes.post(bytes);
  }

  onBatch(listener: (batch: unknown) => void): void {
    this.#bytes.onBatch((bytes) => listener(tryDecode(bytes)));
  }

  close(): void {
    this.#bytes.close();
  }
}

/** What cannot be decoded is as malformed as they come. */
function tryDecode(bytes: unknown): unknown {
  try {
    return decode(bytes as Uint8Array);
  } catch {
    return undefined;
  }
}
