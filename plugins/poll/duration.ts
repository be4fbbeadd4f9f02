const UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 };
const NAMES = [
  ['day', UNITS.d],
  ['hour', UNITS.h],
  ['minute', UNITS.m],
  ['second', UNITS.s],
] as const;

/** Milliseconds of `90`, `90s`, `5m`, `1h30m` or `2d`; a bare number is seconds. `undefined` if it is no time. */
export function parseDuration(text: string): number | undefined {
  if (/^\d{1,7}$/.test(text)) return Number(text) * UNITS.s;
  const parts = /^(?=.)(?:(\d{1,3})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,7})s)?$/i.exec(text);
  if (parts === null) return undefined;
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] = parts;
  return (
    Number(days) * UNITS.d + Number(hours) * UNITS.h + Number(minutes) * UNITS.m + Number(seconds) * UNITS.s
  );
}

/** `1 hour 30 minutes`: at most the two largest units, rounded up to a second. */
export function describeDuration(ms: number): string {
  let left = Math.max(1, Math.ceil(ms / 1000)) * 1000;
  const words: string[] = [];
  for (const [name, length] of NAMES) {
    const count = Math.floor(left / length);
    left %= length;
    if (count > 0) words.push(`${count} ${name}${count === 1 ? '' : 's'}`);
    else if (words.length > 0) break;
  }
  return words.slice(0, 2).join(' ');
}
