/** The labels of pushed lines: `?app=shop&namespace=prod`. */
import { ParameterError } from '../../shared/errors.ts';
import type { Labels } from '../../shared/labels.ts';
import { LABEL_NAME_BYTES_MAX, LABEL_VALUE_BYTES_MAX, LABELS_MAX } from '../limits.ts';

const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** @throws ParameterError  names the parameter, what is allowed, and an example */
export function pushLabels(query: URLSearchParams): Labels {
  const labels = new Map<string, string>();
  for (const [name, value] of query) {
    checkName(name);
    if (labels.has(name)) throw new ParameterError(name, 'given twice', 'one value a label', `${name}=shop`);
    if (value === '') throw new ParameterError(name, 'empty', 'a value', `${name}=shop`);
    if (Buffer.byteLength(value) > LABEL_VALUE_BYTES_MAX) {
      throw new ParameterError(name, 'too long', `at most ${LABEL_VALUE_BYTES_MAX} bytes`, `${name}=shop`);
    }
    labels.set(name, value);
  }
  if (labels.size > LABELS_MAX) {
    throw new ParameterError('labels', `${labels.size} of them`, `at most ${LABELS_MAX}`, 'app=shop&namespace=prod');
  }
  return Object.fromEntries(labels);
}

function checkName(name: string): void {
  if (LABEL_NAME.test(name) && name.length <= LABEL_NAME_BYTES_MAX) return;
  const allowed = `label names of letters, digits and _, not beginning with a digit, up to ${LABEL_NAME_BYTES_MAX} bytes`;
  throw new ParameterError(
    JSON.stringify(name.slice(0, LABEL_NAME_BYTES_MAX)),
    'not a label name',
    allowed,
    'app=shop',
  );
}
