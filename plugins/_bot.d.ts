// What the host passes as `bot`. Every plugin of this folder sees it typed, as promises, under `ctx.bot`.
export {};

declare module 'bulkhead/plugin' {
  interface Register {
    bot: { send(channel: string, text: string): void };
  }
}
