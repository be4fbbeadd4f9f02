/** What an isolate tells of itself. */
export interface VitalSigns {
  /** Objects on the heap of V8, bytes, garbage included. */
  heapBytes: number;
  /** What V8 allows for it, bytes; the young generation included. */
  heapLimitBytes: number;
  /** Memory outside the heap that its objects hold: buffers, shared ones too, and what native code accounts for; bytes. */
  externalBytes: number;
  /** Its heap is near the limit, and a garbage collection did not change that. */
  heapIsLow: boolean;
}

const FIGURES = ['heapBytes', 'heapLimitBytes', 'externalBytes', 'heapIsLow'] as const;
/** The beats come first, in eight bytes so that the figures are aligned. */
const BEATS_BYTES = Float64Array.BYTES_PER_ELEMENT;

/** Heartbeats and vital signs, in memory that both sides share: telling them takes no message. */
export class Vitals {
  readonly buffer: SharedArrayBuffer;
  readonly #beats: Int32Array;
  readonly #figures: Float64Array;

  constructor(buffer = new SharedArrayBuffer(BEATS_BYTES + FIGURES.length * Float64Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#beats = new Int32Array(buffer, 0, 1);
    this.#figures = new Float64Array(buffer, BEATS_BYTES);
  }

  /** Counts up with every heartbeat. */
  get beats(): number {
    return Atomics.load(this.#beats, 0);
  }

  beat(signs: VitalSigns): void {
    for (const [place, figure] of FIGURES.entries()) this.#figures[place] = Number(signs[figure]);
    Atomics.add(this.#beats, 0, 1);
  }

  /** `undefined` before the first beat. */
  read(): VitalSigns | undefined {
    if (this.beats === 0) return undefined;
    // By their places: to iterate takes many times as long, and this is read often.
    const { 0: heapBytes = 0, 1: heapLimitBytes = 0, 2: externalBytes = 0, 3: heapIsLow } = this.#figures;
    return { heapBytes, heapLimitBytes, externalBytes, heapIsLow: heapIsLow === 1 };
  }
}
