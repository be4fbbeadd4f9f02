import { installAlternatives } from '../support/alternatives.mjs';
import { barChart } from '../support/bar-chart.mjs';
import { machine, printNotes, printTable, progress, writeResult } from '../support/report.mjs';
import { median, percentile, spread } from '../support/statistics.mjs';
import { ABSENT, takingPart } from '../systems/catalogue.mjs';
import { SystemProcess } from '../systems/system-client.mjs';

const BYTES = 135 * 1024;

/**
 * The same edit in each system, from the write until the new version answers, with everything its users wait for: its
 * watcher, its quiet time. The systems run side by side and take turns.
 *
 * @param {{ edits: number, systems: string[] }} run
 */
export async function compareServing({ edits, systems }) {
  const entries = takingPart('serving').filter(({ name }) => systems.includes(name));
  if (entries.some(({ installed }) => installed)) installAlternatives();
  const contenders = [];
  for (const entry of entries) contenders.push(await Contender.start(entry));
  const shown = progress('edits', edits);
  for (let edit = 1; edit <= edits; edit++) {
    for (const contender of contenders) await contender.edit(edit);
    shown.update(edit);
  }
  for (const contender of contenders) await contender.end();
  printTable(
    `From the write of a 135 KB plugin to the first new answer, ms, ${edits} edits (Node ${process.version})`,
    ['', 'median', 'min', 'p99', 'max'],
    contenders.filter(({ times }) => times.length > 0).map((contender) => contender.row()),
  );
  printNotes([
    ...contenders.map((contender) => ({ label: contender.label, note: contender.note() })),
    ...ABSENT.map(({ label, why }) => ({ label, note: `cannot run: ${why}` })),
  ]);
  // Of the others it is a finding.
  if (contenders.some(({ own, problem }) => own && problem !== '')) process.exitCode = 1;
  const results = contenders.map(({ label, times, unseen, problem }) => ({ label, times, unseen, problem }));
  await writeResult('serving.json', { ...machine(), edits, bytes: BYTES, results });
  await writeResult(
    'serving.svg',
    barChart({
      title: `From a save to the first answer of the new version, Node ${process.version}`,
      note: 'ms, median, line from min to max; shorter is better',
      shown: (ms) => `${ms.toFixed(0)} ms`,
      bars: contenders
        .filter(({ times }) => times.length > 0)
        .map(({ label, own, times }) => {
          const { min: low, median: value, max: high } = spread(times);
          return { label, own, value, low, high };
        }),
    }),
  );
}

/** A system and its times; one that fails is not asked again, and says why. */
class Contender {
  /** @type {number[]} */
  times = [];
  unseen = 0;
  problem = '';
  /** @type {SystemProcess | undefined} */
  #system;

  /** @param {import('../systems/catalogue.mjs').Entry} entry */
  constructor({ name, label }) {
    this.label = label;
    this.own = name.startsWith('bulkhead');
  }

  /** @param {import('../systems/catalogue.mjs').Entry} entry */
  static async start(entry) {
    const contender = new Contender(entry);
    await contender.#attempt(async () => {
      contender.#system = await SystemProcess.start(entry, BYTES, 'watch');
    });
    return contender;
  }

  /** @param {number} version */
  async edit(version) {
    if (this.problem !== '') return;
    await this.#attempt(async () => {
      const { ms, unseen } = await /** @type {SystemProcess} */ (this.#system).turn(version);
      this.unseen += unseen;
      this.times.push(ms);
    });
  }

  async end() {
    await this.#system?.end();
  }

  row() {
    const { label, times } = this;
    const figures = [median(times), Math.min(...times), percentile(times, 0.99), Math.max(...times)];
    return [label, ...figures.map((ms) => ms.toFixed(0))];
  }

  note() {
    return [this.problem, this.unseen > 0 ? `${this.unseen} saves not seen` : ''].filter(Boolean).join('; ');
  }

  /** @param {() => Promise<void>} step */
  async #attempt(step) {
    try {
      await step();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.problem = `cannot run: ${text.split('\n')[0]}`;
    }
  }
}
