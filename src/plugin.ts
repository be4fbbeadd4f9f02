export * from './runtime/api.ts';
