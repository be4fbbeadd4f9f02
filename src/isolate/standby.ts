import type { Isolate, IsolateSpec } from './isolate.ts';
import type { StartIsolate } from './start-isolate.ts';

/** Isolates of one kind. */
interface Kind {
  spec: IsolateSpec;
  waiting: Set<Isolate>;
}

/**
 * Isolates that have booted the runtime and wait for a plugin, so that a reload does not wait for a boot. They are kept
 * for what most plugins are, and for the other tier once a plugin has used it; a plugin with limits or permissions of its own waits.
 */
export class Standbys {
  readonly #size: number;
  readonly #start: StartIsolate;
  readonly #usual: IsolateSpec;
  readonly #kinds: Kind[] = [];
  #isClosing = false;

  /** @param usual what plugins without options of their own are */
  constructor(size: number, usual: IsolateSpec, start: StartIsolate) {
    this.#size = size;
    this.#usual = usual;
    this.#start = start;
    this.#kinds.push({ spec: usual, waiting: new Set() });
  }

  /** Whether one is there to be taken. */
  has(spec: IsolateSpec): boolean {
    return (this.#kindOf(spec)?.waiting.size ?? 0) > 0;
  }

  take(spec: IsolateSpec): Isolate {
    const kind = this.#kindOf(spec);
    for (const isolate of kind?.waiting ?? []) {
      kind?.waiting.delete(isolate);
      return isolate;
    }
    return this.fresh(spec);
  }

  /** One that did not wait. */
  fresh(spec: IsolateSpec): Isolate {
    return this.#start(spec, false);
  }

  /** Starts what is missing. Called when no load or swap is under way: during it the new isolates would compete with it. */
  refill(): void {
    if (this.#isClosing) return;
    for (const { spec, waiting } of this.#kinds) {
      while (waiting.size < this.#size) {
        const isolate = this.#tryStart(spec);
        if (isolate === undefined) break;
        waiting.add(isolate);
        void isolate.ended.then(() => waiting.delete(isolate));
      }
    }
  }

  /** What the system does not give now is not needed now: whoever needs one is told. */
  #tryStart(spec: IsolateSpec): Isolate | undefined {
    try {
      return this.#start(spec, true);
    } catch {
      return undefined;
    }
  }

  /** Ends those that wait. A later `refill` starts new ones. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const waiting = this.#kinds.flatMap((kind) => [...kind.waiting]);
    for (const isolate of waiting) isolate.end({ kind: 'requested', text: 'it was not needed' });
    await Promise.all(waiting.map((isolate) => isolate.ended));
    this.#isClosing = false;
  }

  #kindOf(spec: IsolateSpec): Kind | undefined {
    if (spec.heapMb !== this.#usual.heapMb || spec.execArgv.length > 0) return undefined;
    let kind = this.#kinds.find((each) => each.spec.tier === spec.tier);
    if (kind === undefined) {
      kind = { spec, waiting: new Set() };
      this.#kinds.push(kind);
    }
    return kind;
  }
}
