/** What a standby goes through the life of. A file, and a module of the kind that plugins are built as. */
export default {
  name: 'rehearsal',
  version: '1.0.0',
  setup(ctx: { on(topic: string, handler: () => void): unknown }) {
    ctx.on('rehearsal', () => {});
    return { call: () => 1 };
  },
};
