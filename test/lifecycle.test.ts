import { PLUGIN_STATES, type PluginState, TRANSITIONS } from 'bulkhead';
import { expect, it } from 'vitest';
import { Lifecycle } from '#internal/lifecycle';

/** The moves to each state from `discovered`. */
function pathsToAll(): Map<PluginState, PluginState[]> {
  const paths = new Map<PluginState, PluginState[]>([['discovered', []]]);
  for (const [state, path] of paths) {
    for (const next of TRANSITIONS[state]) if (!paths.has(next)) paths.set(next, [...path, next]);
  }
  return paths;
}

it('allows the moves of the table and no others', () => {
  for (const [state, path] of pathsToAll()) {
    for (const to of PLUGIN_STATES) {
      const lifecycle = new Lifecycle('dice');
      for (const step of path) lifecycle.moveTo(step);
      if (TRANSITIONS[state].includes(to)) lifecycle.moveTo(to);
      else expect(() => lifecycle.moveTo(to)).toThrow(`Plugin 'dice' cannot go from '${state}' to '${to}'`);
    }
  }
});

it('lets a plugin be stopped from every state it can reach', () => {
  for (const state of pathsToAll().keys()) {
    const reachable = new Set<PluginState>([state]);
    for (const each of reachable) for (const next of TRANSITIONS[each]) reachable.add(next);
    expect(reachable.has('stopped'), state).toBe(true);
  }
});
