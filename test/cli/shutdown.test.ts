import { beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { Shutdown } from '#internal/cli/shutdown';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const { exitCode } = process;
  onTestFinished(() => {
    process.exitCode = exitCode;
    vi.useRealTimers();
    vi.restoreAllMocks();
  });
});

/** One whose host never ends to stop, and the signals that the process has sent to itself. */
function shutdown() {
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  // The runner has listeners of its own.
  vi.spyOn(process, 'removeAllListeners').mockReturnValue(process);
  const stop = vi.fn(() => new Promise<void>(() => {}));
  const made = new Shutdown({ stop, unfinished: () => [], say: () => {} });
  return { shutdown: made, stop, sent: () => kill.mock.calls.map(([, signal]) => signal) };
}

it('takes a signal that comes twice at the same moment for one, as npm passes on what the terminal sends too', () => {
  const { shutdown: made, stop, sent } = shutdown();
  made.signalled('SIGINT');
  vi.advanceTimersByTime(300);
  made.signalled('SIGINT');
  expect(stop).toHaveBeenCalledOnce();
  expect(sent()).toEqual([]);
});

it('ends at once on the same signal a moment later', () => {
  const { shutdown: made, sent } = shutdown();
  made.signalled('SIGINT');
  vi.advanceTimersByTime(301);
  made.signalled('SIGINT');
  expect(sent()).toEqual(['SIGINT']);
});

it('ends at once on another signal, however soon', () => {
  const { shutdown: made, sent } = shutdown();
  made.signalled('SIGINT');
  made.signalled('SIGTERM');
  expect(sent()).toEqual(['SIGTERM']);
});
