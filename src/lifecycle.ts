/** The states of a plugin, as users see them in `PluginInfo.state`. */
export const PLUGIN_STATES = [
  'discovered',
  'preparing',
  'starting',
  'running',
  'reloading',
  'stopping',
  'stopped',
  'failed',
  'waiting',
  'backoff',
  'quarantined',
  'disabled',
] as const;

export type PluginState = (typeof PLUGIN_STATES)[number];

/**
 * Every allowed move. `reloading` lasts from pause to resume only: while a new version is built and loaded, the old one
 * is `running`. The README draws its diagram from this table, and a test compares the two.
 */
export const TRANSITIONS: Readonly<Record<PluginState, readonly PluginState[]>> = {
  discovered: ['preparing', 'disabled', 'stopped'],
  preparing: ['starting', 'failed', 'backoff', 'quarantined', 'stopped'],
  starting: ['running', 'preparing', 'backoff', 'quarantined', 'stopping', 'stopped'],
  running: ['reloading', 'stopping', 'backoff', 'quarantined', 'stopped'],
  reloading: ['running', 'backoff', 'quarantined', 'stopping', 'stopped'],
  stopping: ['stopped'],
  stopped: ['preparing', 'disabled'],
  failed: ['preparing', 'stopped', 'disabled'],
  waiting: ['preparing', 'stopped', 'disabled'],
  backoff: ['preparing', 'stopped', 'disabled'],
  quarantined: ['preparing', 'stopped', 'disabled'],
  disabled: ['preparing', 'stopped'],
};

/** Holds one state and moves it along {@link TRANSITIONS}; there is no other way to write it. */
export class Lifecycle {
  #state: PluginState = 'discovered';
  readonly #subject: string;

  constructor(subject: string) {
    this.#subject = subject;
  }

  get state(): PluginState {
    return this.#state;
  }

  can(to: PluginState): boolean {
    return TRANSITIONS[this.#state].includes(to);
  }

  moveTo(to: PluginState): void {
    const from = this.#state;
    if (!this.can(to)) {
      throw new Error(`Plugin '${this.#subject}' cannot go from '${from}' to '${to}'`);
    }
    this.#state = to;
  }
}
