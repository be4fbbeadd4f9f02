import type { Logger } from '../../index.ts';

const ignore = () => {};

/** For a manager whose status events are shown to people: its log would say everything a second time. */
export const quietLogger: Logger = {
  trace: ignore,
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  fatal: ignore,
};
