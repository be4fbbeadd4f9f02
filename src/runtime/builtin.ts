/** As it was before modules were kept from the plugin, and before the plugin could replace it. */
const { getBuiltinModule } = process;

/** A module of Node that few threads need: each one loaded at their start costs all of them memory and time. */
export const builtin: typeof process.getBuiltinModule = (name: string) =>
  getBuiltinModule.call(process, name) as never;
