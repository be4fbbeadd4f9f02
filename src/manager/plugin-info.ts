import type { Slot } from '../isolate/slot.ts';
import { usageOf } from '../isolate/usage.ts';
import type { PluginState } from '../lifecycle.ts';
import type { PluginUsage } from '../status.ts';

/** What is known of a plugin, at one moment. */
export interface PluginInfo {
  /** Name of its file or folder. */
  id: string;
  /** What callers use; the id until it has loaded once. */
  name: string;
  /** The name for people; as `name` if the plugin gives none. */
  displayName: string;
  /** Empty until it has loaded once, as are the next two. */
  version: string;
  description: string;
  author: string;
  state: PluginState;
  /** Number of the generation that serves, or served last; 0 if none ever did. */
  generation: number;
  /** The module it is built from. */
  file: string;
  /** Where it runs. */
  tier: 'thread' | 'process';
  /** How often it was reloaded or rolled back. Recycles, and starts after a stop or a crash, do not count. */
  reloads: number;
  /** How often it ended by itself. Failed starts count too, but not failures to build or load it before it ever ran. */
  crashes: number;
  /** The last failure, whatever succeeded since. */
  lastError: Error | undefined;
  lastErrorAt: Date | undefined;
  /** When the generation that serves began to. */
  startedAt: Date | undefined;
  /** Of the generation that serves; `undefined` if none does, or nothing is known of it yet. */
  usage: PluginUsage | undefined;
}

export function describePlugin(slot: Slot): PluginInfo {
  const { metadata } = slot;
  const current = slot.current?.isAlive ? slot.current : undefined;
  return {
    id: slot.id,
    name: slot.name,
    displayName: metadata?.displayName ?? slot.name,
    version: metadata?.version ?? '',
    description: metadata?.description ?? '',
    author: metadata?.author ?? '',
    state: slot.lifecycle.state,
    generation: slot.lastServed,
    file: slot.entry,
    tier: slot.options.isolation,
    reloads: slot.reloads,
    crashes: slot.crashes,
    lastError: slot.lastFailure?.error,
    lastErrorAt: slot.lastFailure?.at,
    startedAt: current?.servesSince,
    usage: current && usageOf(current, slot.inbox.size),
  };
}
