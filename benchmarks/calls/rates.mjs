/** Events that are emitted at once, before their delivery is waited for. */
const BATCH = 100;

/**
 * @typedef {object} Rate
 * @property {number} perSecond
 * @property {number} cpu microseconds of processor time for each, in all threads; hardly depends on what else the machine does
 */

/** Starts both clocks. */
function stopwatch() {
  const from = performance.now();
  const used = process.cpuUsage();
  return {
    get ms() {
      return performance.now() - from;
    },
    /**
     * @param {number} count
     * @returns {Rate}
     */
    rate(count) {
      const { user, system } = process.cpuUsage(used);
      return { perSecond: (count / this.ms) * 1000, cpu: (user + system) / count };
    },
  };
}

/**
 * Calls with always so many under way.
 *
 * @param {() => Promise<unknown>} call
 * @param {number} inFlight
 * @param {number} ms how long to measure
 */
export async function callRate(call, inFlight, ms) {
  const watch = stopwatch();
  let done = 0;
  const caller = async () => {
    while (watch.ms < ms) {
      await call();
      done++;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
  return watch.rate(done);
}

/**
 * Events sent in batches of {@link BATCH}. The time ends when the last one is known to be handled.
 *
 * @param {import('./contenders.mjs').Contender} contender
 * @param {unknown} payload
 * @param {number} underWay batches that are not waited for before the next is sent
 * @param {number} ms how long to send
 */
export async function eventRate(contender, payload, underWay, ms) {
  const before = Number(await contender.handled());
  const watch = stopwatch();
  let sent = 0;
  const sender = async (/** @type {unknown} */ _, /** @type {number} */ index) => {
    // Each in a tick of its own: what is emitted in one tick is one batch.
    for (let tick = 0; tick < index; tick++) await new Promise((resolve) => setImmediate(resolve));
    while (watch.ms < ms) {
      sent += BATCH;
      await Promise.all(Array.from({ length: BATCH }, () => contender.event(payload)));
    }
  };
  await Promise.all(Array.from({ length: underWay }, sender));
  const handled = Number(await contender.handled()) - before;
  if (handled !== sent) throw new Error(`${handled} of ${sent} events were handled`);
  return watch.rate(sent);
}
