import { DefaultDeserializer } from 'node:v8';

const readView: () => NodeJS.ArrayBufferView = Reflect.get(DefaultDeserializer.prototype, '_readHostObject');

/**
 * Reads what `v8.serialize` wrote, with memory of its own for each typed array. Node's own reader leaves them where the bytes
 * are or, if they do not lie right there, in the pool that all small Buffers share: whoever is sent one gets all of that.
 */
export class OwnMemoryDeserializer extends DefaultDeserializer {
  _readHostObject(): NodeJS.ArrayBufferView {
    const view = readView.call(this);
    const memory = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength) as ArrayBuffer;
    if (Buffer.isBuffer(view)) return Buffer.from(memory);
    return new (view.constructor as new (memory: ArrayBuffer) => NodeJS.ArrayBufferView)(memory);
  }
}
