import type { Generation } from '../isolate/generation.ts';
import type { Slot } from '../isolate/slot.ts';
import type { StateChange } from '../wire/messages.ts';

/**
 * While two generations serve, both write one state, in the order the host sees: each is told of what the other wrote.
 * It ends when `slot.stateWritten` is set back.
 */
export function overlapState(slot: Slot, previous: Generation, next: Generation): { undoNew(): void } {
  /** For each key that the new generation wrote last: what was there before. */
  const before = new Map<string, StateChange>();
  slot.stateWritten = (writer, note) => {
    if (note.op === 'clear') return;
    if (writer === previous) {
      before.delete(note.key);
      next.forwardState(note);
      return;
    }
    if (!before.has(note.key)) before.set(note.key, present(slot, note.key));
    previous.forwardState(note);
  };
  return {
    /** Takes back what a generation wrote whose setup failed. */
    undoNew() {
      slot.stateWritten = () => {};
      for (const note of before.values()) {
        slot.state.apply(note);
        previous.forwardState(note);
      }
    },
  };
}

function present(slot: Slot, key: string): StateChange {
  return slot.state.has(key) ? { op: 'set', key, value: slot.state.get(key) } : { op: 'delete', key };
}
