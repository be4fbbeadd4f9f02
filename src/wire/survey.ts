/** What V8 allocates for an object, a map, an array at the least, bytes, rounded up. */
const OBJECT_BYTES = 64;
const SLOT_BYTES = 8;

const HEADER = 0xff;
const code = (tag: string) => tag.charCodeAt(0);
const PADDING = 0;
const HOLE = code('-');
/** Tags that stand for themselves, and those with so many bytes behind them. */
const FIXED = new Map<number, number>(
  Object.entries({ _: 0, 0: 0, T: 0, F: 0, y: 0, x: 0, N: 8, D: 8, n: 8 }).map(([tag, size]) => [
    code(tag),
    size,
  ]),
);
const OF_ERRORS = new Set([...'EFRSTU'].map(code));

/**
 * Walks over the bytes of a structured clone as V8 writes them, and throws if they are not well formed or would take more
 * than `limit` bytes of memory. V8's reader believes what is announced: some kilobytes of nested arrays, each of which
 * announces as many elements as there are bytes left, make it allocate gigabytes, and that ends the process.
 *
 * The format is that of V8's `value-serializer.cc`, version 15; what only transfers and delegates write is refused.
 */
export function survey(bytes: Uint8Array, limit: number): void {
  new Surveyor(bytes, limit).run();
}

class Surveyor {
  readonly #bytes: Uint8Array;
  #at = 0;
  #left: number;

  constructor(bytes: Uint8Array, limit: number) {
    this.#bytes = bytes;
    this.#left = limit;
  }

  run(): void {
    if (this.#next() !== HEADER) throw new Malformed('no header');
    this.#varint();
    this.#value();
  }

  #value(): void {
    const tag = this.#tag();
    const size = FIXED.get(tag);
    if (size !== undefined) {
      this.#skip(size);
      return;
    }
    switch (String.fromCharCode(tag)) {
      case 'I':
      case 'U':
        this.#varint();
        return;
      case '^':
        this.#varint();
        this.#view();
        return;
      case '"':
      case 'c':
      case 'S':
        this.#counted();
        return;
      case 'Z':
      case 'z':
        this.#skip(this.#varint() >>> 1);
        return;
      case 's':
        this.#value();
        return;
      case 'R':
        this.#value();
        this.#varint();
        return;
      case 'o':
        this.#take(OBJECT_BYTES);
        this.#pairs(code('{'));
        this.#varint();
        return;
      case 'A':
        this.#denseArray();
        return;
      case 'a':
        this.#take(OBJECT_BYTES);
        this.#varint();
        this.#pairs(code('@'));
        this.#varint();
        this.#varint();
        return;
      case ';':
        this.#take(OBJECT_BYTES);
        this.#pairs(code(':'));
        this.#varint();
        return;
      case "'":
        this.#take(OBJECT_BYTES);
        while (this.#peek() !== code(',')) {
          this.#take(2 * SLOT_BYTES);
          this.#value();
        }
        this.#tag();
        this.#varint();
        return;
      case 'B':
        this.#take(OBJECT_BYTES);
        this.#counted();
        this.#view();
        return;
      case '~':
        this.#take(OBJECT_BYTES);
        this.#resizableBuffer();
        this.#view();
        return;
      case 'r':
        this.#take(OBJECT_BYTES);
        this.#error();
        return;
      default:
        throw new Malformed(`an unknown tag ${tag}`);
    }
  }

  #denseArray(): void {
    const length = this.#varint();
    this.#take(OBJECT_BYTES + length * SLOT_BYTES);
    for (let index = 0; index < length; index++) {
      if (this.#peek() === HOLE) this.#tag();
      else this.#value();
    }
    this.#pairs(code('$'));
    this.#varint();
    this.#varint();
  }

  /** Keys and values up to a tag. */
  #pairs(end: number): void {
    while (this.#peek() !== end) {
      this.#take(2 * SLOT_BYTES);
      this.#value();
      this.#value();
    }
    this.#tag();
  }

  #resizableBuffer(): void {
    const length = this.#varint();
    this.#take(this.#varint());
    this.#skip(length);
  }

  /** Right behind a buffer, or what refers to one that came before, if something looks into it. */
  #view(): void {
    if (this.#at >= this.#bytes.length || this.#peek() !== code('V')) return;
    this.#take(OBJECT_BYTES);
    this.#tag();
    for (let field = 0; field < 4; field++) this.#varint();
  }

  #error(): void {
    for (;;) {
      const tag = this.#next();
      if (tag === code('.')) return;
      if (OF_ERRORS.has(tag)) continue;
      if (tag !== code('m') && tag !== code('s') && tag !== code('c'))
        throw new Malformed('an unknown part of an error');
      this.#value();
    }
  }

  #counted(): void {
    const length = this.#varint();
    this.#take(length);
    this.#skip(length);
  }

  #peek(): number {
    while (this.#bytes[this.#at] === PADDING) this.#at++;
    if (this.#at >= this.#bytes.length) throw new Malformed('it ends too early');
    return this.#bytes[this.#at] as number;
  }

  #tag(): number {
    const tag = this.#peek();
    this.#at++;
    return tag;
  }

  #next(): number {
    if (this.#at >= this.#bytes.length) throw new Malformed('it ends too early');
    return this.#bytes[this.#at++] as number;
  }

  /** As V8 reads them: what does not fit in 32 bits is cut off. */
  #varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#next();
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  #skip(count: number): void {
    this.#at += count;
    if (this.#at > this.#bytes.length) throw new Malformed('it ends too early');
  }

  #take(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) throw new Malformed('it announces more than may be sent');
  }
}

class Malformed extends Error {}
