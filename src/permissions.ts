/**
 * What a plugin may do, given by the host. A key that is absent is not managed: everything is allowed. What is given is
 * kept by Node's own permission model, in the plugin's thread.
 */
export interface Permissions {
  /**
   * Files and directories it may read; `[]` for none but its own code. A relative path starts at the working directory. Only
   * with `isolation: 'process'`.
   */
  read?: string[];
  /** Files and directories it may write, but not read by that; `[]` for none. Only with `isolation: 'process'`. */
  write?: string[];
  /** Whether it may use the network; in a process only Node 25 and newer can deny it. `[]` means no. */
  net?: boolean | [];
  /** Whether it may start processes, which are bound by nothing. `[]` means no. */
  childProcess?: boolean | [];
  /** Whether it may start threads, which are bound by nothing. `[]` means no. */
  worker?: boolean | [];
  /** Whether it may load native addons, which are bound by nothing. `[]` means no. */
  addons?: boolean | [];
}

/** What can be denied to a plugin's modules. */
export type Deniable = 'files' | 'net' | 'childProcess' | 'worker' | 'inspector';

/** Modules of Node that are of no use but for what is denied, or go around the permission model. */
const MODULES: Record<Deniable, readonly string[]> = {
  files: ['sqlite', 'wasi'],
  net: ['net', 'tls', 'dgram', 'dns', 'dns/promises', 'http', 'https', 'http2'],
  childProcess: ['child_process', 'cluster'],
  worker: ['worker_threads'],
  inspector: ['inspector', 'inspector/promises'],
};

const WHY: Record<Deniable, string> = {
  files: 'it would go around permissions.read and permissions.write',
  net: 'permissions.net is not granted',
  childProcess: 'permissions.childProcess is not granted',
  worker: 'permissions.worker is not granted',
  inspector: "it reaches the host's own memory from a thread; isolation: 'process' allows it",
};

/** Whether the host has forbidden it. */
export function isDenied(
  permissions: Permissions,
  key: Exclude<keyof Permissions, 'read' | 'write'>,
): boolean {
  const value = permissions[key];
  return value === false || Array.isArray(value);
}

/** Which modules are kept from a plugin, beside what the permission model does. */
export function deniedModules(permissions: Permissions | undefined, tier: 'thread' | 'process'): Deniable[] {
  const denied: Deniable[] = tier === 'thread' ? ['inspector'] : [];
  if (permissions === undefined) return denied;
  if (tier === 'process') {
    if (permissions.read !== undefined || permissions.write !== undefined) denied.push('files');
    return denied;
  }
  for (const key of ['net', 'childProcess', 'worker'] as const)
    if (isDenied(permissions, key)) denied.push(key);
  return denied;
}

/** Why a module must not be loaded, for people; `undefined` if it may. */
export function whyDenied(module: string, denied: readonly Deniable[]): string | undefined {
  const name = module.replace(/^node:/, '');
  const what = denied.find((each) => MODULES[each].includes(name));
  return what && `The plugin may not load 'node:${name}': ${WHY[what]}`;
}
