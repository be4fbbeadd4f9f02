import { inspect } from 'node:util';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { BulkheadError, isError } from '../errors.ts';

/**
 * The configuration as the plugin's schema makes it.
 *
 * @throws {BulkheadError} `ERR_PLUGIN_CONFIG`, also for what is wrong with the schema itself
 */
export async function validated(schema: StandardSchemaV1, config: unknown): Promise<unknown> {
  const result: unknown = await validate(schema, config);
  if (hasIssues(result)) throw unfit(result.issues);
  if (typeof result === 'object' && result !== null && 'value' in result) return result.value;
  const text = `The schema of its configuration returned ${inspect(result)}; expected { value } or { issues }`;
  throw new BulkheadError('ERR_PLUGIN_CONFIG', text);
}

async function validate(schema: StandardSchemaV1, config: unknown): Promise<unknown> {
  try {
    return await schema['~standard'].validate(config);
  } catch (cause) {
    const what = isError(cause) ? `${cause.name}: ${cause.message}` : inspect(cause);
    throw new BulkheadError('ERR_PLUGIN_CONFIG', `The schema of its configuration threw ${what}`, { cause });
  }
}

function hasIssues(result: unknown): result is StandardSchemaV1.FailureResult {
  return typeof result === 'object' && result !== null && 'issues' in result && Array.isArray(result.issues);
}

function unfit(issues: readonly StandardSchemaV1.Issue[]): BulkheadError {
  const texts = issues.map((issue) => {
    const path = (issue.path ?? [])
      .map((part) => String(typeof part === 'object' ? part.key : part))
      .join('.');
    return path === '' ? issue.message : `${path}: ${issue.message}`;
  });
  return new BulkheadError('ERR_PLUGIN_CONFIG', `The configuration does not fit: ${texts.join('; ')}`);
}
