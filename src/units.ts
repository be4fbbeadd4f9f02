/** The longest time that `setTimeout` knows, ms; about 24.8 days. */
export const MAX_TIMER_MS = 2 ** 31 - 1;
/** Bytes. */
export const MIB = 2 ** 20;
