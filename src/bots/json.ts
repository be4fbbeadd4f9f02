import { type TransformFailure, transform } from 'esbuild';
import { withEsbuild } from '../esbuild-process.ts';

/** A text that is not JSON; `place` is `file:line:column`, from 1, as editors want it. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError';
  readonly place: string;

  constructor(place: string, text: string, cause: unknown) {
    super(`${place}: ${text}`, { cause });
    this.place = place;
  }
}

/** Parses JSON; rejects with {@link JsonSyntaxError}. A byte order mark, which some editors write, is no mistake. */
export async function parseJson(text: string, file: string): Promise<unknown> {
  const json = text.replace(/^\uFEFF/, '');
  try {
    return JSON.parse(json);
  } catch (error) {
    throw await withPlace(json, file, error as SyntaxError);
  }
}

/** The messages of `JSON.parse` differ from Node to Node and mostly lack a line; esbuild's say where and why. */
async function withPlace(json: string, file: string, error: SyntaxError): Promise<JsonSyntaxError> {
  const found = await withEsbuild(() => transform(json, { loader: 'json', logLevel: 'silent' })).then(
    () => undefined,
    ({ errors }: Partial<TransformFailure>) => errors?.[0],
  );
  if (found?.location == null) return new JsonSyntaxError(file, error.message, error);
  const { line, column } = found.location;
  return new JsonSyntaxError(`${file}:${line}:${column + 1}`, found.text, error);
}
