/** The labels of pushed lines: `?app=shop&namespace=prod`. */
import { ParameterError } from '../../shared/errors.ts';
import type { Labels } from '../../shared/labels.ts';
import { LABEL_NAME_BYTES_MAX, LABELS_MAX } from '../limits.ts';
import { pushedLabelProblem } from './label-limits.ts';

/** @throws ParameterError  names the parameter, what is allowed, and an example */
export function pushLabels(query: URLSearchParams): Labels {
  const labels = new Map<string, string>();
  for (const [name, value] of query) {
    const wrong = pushedLabelProblem(name, value);
    if (wrong !== undefined) {
      const parameter = JSON.stringify(name.slice(0, LABEL_NAME_BYTES_MAX));
      throw new ParameterError(parameter, wrong.problem, wrong.allowed, 'app=shop');
    }
    if (labels.has(name)) throw new ParameterError(name, 'given twice', 'one value per label', `${name}=shop`);
    if (value === '') throw new ParameterError(name, 'empty', 'a value', `${name}=shop`);
    labels.set(name, value);
  }
  if (labels.size > LABELS_MAX) {
    throw new ParameterError('labels', `${labels.size} of them`, `at most ${LABELS_MAX}`, 'app=shop&namespace=prod');
  }
  return Object.fromEntries(labels);
}
