/** What a module exports as default. A TypeScript file compiled to CommonJS has it one level deeper. */
export function defaultExport({ default: exported }: Record<string, unknown>): unknown {
  const isCompiled =
    typeof exported === 'object' && exported !== null && '__esModule' in exported && 'default' in exported;
  return isCompiled && exported.__esModule === true ? exported.default : exported;
}
