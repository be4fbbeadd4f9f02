import type { SlotHost } from '../isolate/slot.ts';
import type { Failures } from '../reload/failures.ts';
import { noteZombie } from '../supervise/note-zombie.ts';
import type { Foundation } from './foundation.ts';

/** Brings what generations ask for, register and end with to whom it concerns. */
export function slotHost(base: Foundation, failures: Failures): SlotHost {
  const { bot, bus, deadlines, pools, report, schedules, store, table } = base;
  return {
    deadlines,
    store,
    report,
    bot: (method, args) => bot.call(method, args),
    offload: (...job) => pools.run(...job),
    emit: (...event) => void bus.emitFrom(...event),
    registered(slot, registration) {
      // After setup, that is: what setup registers is checked when it ends.
      if (registration.kind !== 'command') schedules.add(slot, registration);
      else if (slot.current !== undefined) table.shareCommands(slot, slot.current);
    },
    unregistered: (slot, id) => schedules.remove(slot, id),
    ended(slot, generation, end) {
      pools.close(slot, generation);
      if (end.zombie) noteZombie(report, slot, generation, generation.gone);
      if (generation === slot.current) schedules.rest(slot);
      failures.ended(slot, generation, end);
    },
  };
}
