/**
 * What the threads of job pools run, bundled as CommonJS. A module that is loaded by `require`, as the pool itself would do
 * it, takes the whole process with it when its thread is ended meanwhile (Node 20: `v8::ToLocalChecked` in
 * `CreateRequiredModuleFacade`).
 */
export default async ({ url, message }: { url: string; message: unknown }): Promise<unknown> =>
  (await import(url)).default(message);
