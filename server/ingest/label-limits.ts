/** Which labels a stream may have, by whichever route its lines arrive. */
import { PODLOG_STREAM } from '../../shared/labels.ts';
import { LABEL_NAME_BYTES_MAX, LABEL_VALUE_BYTES_MAX } from '../limits.ts';

const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** Values of `source` that only the server itself may use. */
const OWN_SOURCES: readonly string[] = ['events', 'audit'];

/** What is wrong with a label, and what is allowed. */
export interface LabelProblem {
  readonly problem: string;
  readonly allowed: string;
}

/** Returns undefined when a stream may have the label. */
export function labelProblem(name: string, value: string): LabelProblem | undefined {
  if (!LABEL_NAME.test(name) || name.length > LABEL_NAME_BYTES_MAX) {
    const allowed = `label names of letters, digits and _, not beginning with a digit, up to ${LABEL_NAME_BYTES_MAX} bytes`;
    return { problem: 'not a label name', allowed };
  }
  if (Buffer.byteLength(value) > LABEL_VALUE_BYTES_MAX) {
    return { problem: 'too long', allowed: `at most ${LABEL_VALUE_BYTES_MAX} bytes` };
  }
  if (name === 'source' && OWN_SOURCES.includes(value)) {
    return { problem: `${value} is what podlog itself records`, allowed: 'another value' };
  }
  return undefined;
}

/** Does the same for a label of lines that are pushed: only agents may send what podlog records about containers. */
export function pushedLabelProblem(name: string, value: string): LabelProblem | undefined {
  if (name === 'stream' && value === PODLOG_STREAM) {
    return { problem: `${value} is what podlog itself says about containers`, allowed: 'another value' };
  }
  return labelProblem(name, value);
}
