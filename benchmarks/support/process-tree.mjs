import { readdir, readFile } from 'node:fs/promises';

/**
 * Memory of a process and everything it started, bytes: proportional set sizes, in which a page that several share counts
 * once. `undefined` where the system does not say (Linux does).
 *
 * @param {number} pid
 * @returns {Promise<number | undefined>}
 */
export async function treeMemory(pid) {
  try {
    const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
    const own = Number(/^Pss:\s+(\d+)/m.exec(text)?.[1]) * 1024;
    const others = await Promise.all((await childrenOf(pid)).map(treeMemory));
    return others.reduce((/** @type {number} */ sum, bytes) => sum + (bytes ?? 0), own);
  } catch {
    return undefined;
  }
}

/**
 * Processor time of a process and everything it started so far, ms.
 *
 * @param {number} pid
 * @returns {Promise<number>}
 */
export async function treeCpuMs(pid) {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // After the name, which may hold anything: state is field 3, utime and stime are 14 and 15, in hundredths of a second.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const others = await Promise.all((await childrenOf(pid)).map(treeCpuMs));
    return others.reduce((sum, ms) => sum + ms, (Number(fields[11]) + Number(fields[12])) * 10);
  } catch {
    return 0;
  }
}

/** Processes that it started and that have not ended. @param {number} pid */
export async function childrenOf(pid) {
  const tasks = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(
    tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')),
  );
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
}
