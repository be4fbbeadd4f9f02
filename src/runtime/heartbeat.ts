import type { NodeGCPerformanceDetail, PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { VitalSigns, Vitals } from '../wire/vitals.ts';
import { builtin } from './builtin.ts';

/**
 * The heap is low when this much of V8's limit is still in use after a garbage collection. The limit is the old
 * generation's (`heapMb`) with three semi-spaces on top, so this is about five sixths of `heapMb`.
 */
const LOW = 0.7;

/** Tells the host that this thread is alive, and what it uses. */
export class Heartbeat {
  readonly #vitals: Vitals;
  readonly #besides: { bytes: number };
  readonly #tellLow: (signs: VitalSigns) => void;
  #isLow = false;
  #collections: PerformanceObserver | undefined;

  /**
   * @param besides how much external memory is not the plugin's
   * @param tellLow tells the host at once that the heap has become low: until it looks again the heap may be full
   */
  constructor(vitals: Vitals, besides: { bytes: number }, tellLow: (signs: VitalSigns) => void) {
    this.#vitals = vitals;
    this.#besides = besides;
    this.#tellLow = tellLow;
    this.beat();
  }

  beat(): void {
    const { used_heap_size, heap_size_limit, external_memory } = getHeapStatistics();
    this.#watchCollections(used_heap_size > heap_size_limit * LOW);
    this.#vitals.beat({
      heapBytes: used_heap_size,
      heapLimitBytes: heap_size_limit,
      externalBytes: Math.max(external_memory, bufferBytes()) - this.#besides.bytes,
      heapIsLow: this.#isLow,
    });
  }

  /** Much of what is there may be garbage: only what a collection leaves counts. Being told of them costs, so not always. */
  #watchCollections(wanted: boolean): void {
    if (!wanted) {
      this.#isLow = false;
      this.#collections?.disconnect();
      this.#collections = undefined;
      return;
    }
    if (this.#collections !== undefined) return;
    const { constants, PerformanceObserver } = builtin('node:perf_hooks');
    this.#collections = new PerformanceObserver((list) => {
      if (!list.getEntries().some((entry) => kindOf(entry) === constants.NODE_PERFORMANCE_GC_MAJOR)) return;
      const wasLow = this.#isLow;
      const { used_heap_size, heap_size_limit } = getHeapStatistics();
      this.#isLow = used_heap_size > heap_size_limit * LOW;
      if (!this.#isLow || wasLow) return;
      this.beat();
      this.#tellLow(this.#vitals.read() as VitalSigns);
    });
    this.#collections.observe({ entryTypes: ['gc'] });
  }
}

/** Of buffers only this counts those that are shared, too. Node looks into a file for it, which it may not be able to open. */
function bufferBytes(): number {
  try {
    return process.memoryUsage().arrayBuffers;
  } catch {
    return 0;
  }
}

function kindOf(collection: object): number | undefined {
  return (collection as { detail: NodeGCPerformanceDetail }).detail.kind;
}
