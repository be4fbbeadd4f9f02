/** Of the host's environment, what a plugin may see. */
export function grantedEnvironment(names: readonly string[]): Record<string, string> {
  const granted: Record<string, string> = {};
  for (const name of names) {
    const value = process.env[name];
    if (value !== undefined) granted[name] = value;
  }
  return granted;
}
