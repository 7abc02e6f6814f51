/**
 * Which labels an agent's lines may have. ../auth/caller.ts decides for which nodes it speaks;
 * ../kubernetes/batch-labeller.ts decides by the cluster, where there is one, whether its pods run there.
 */
import { ForbiddenLinesError, PodlogError } from '../../shared/errors.ts';
import { type Labels, labelsMemoryBytes } from '../../shared/labels.ts';
import { readStreamLabels } from '../../shared/row-group/header.ts';
import type { Batch } from '../../shared/wire.ts';
import { LABELS_BYTES_PER_GROUP } from '../../shared/row-group/format.ts';
import { LABELS_MAX } from '../limits.ts';
import { labelProblem } from './label-limits.ts';

/**
 * @throws ForbiddenLinesError  it has lines of another node
 * @throws PodlogError  400: a stream has labels that are not allowed; 413: the labels of all streams take too much
 *   memory
 * @throws CorruptionError  the header of its row group is broken
 */
export function assertAgentLabels({ node, rowGroup }: Batch): void {
  if (rowGroup.length === 0) return;
  const streams = readStreamLabels(rowGroup);
  for (const labels of streams) assertLabels(labels, node);
  const bytes = streams.reduce((sum, labels) => sum + labelsMemoryBytes(labels), 0);
  if (bytes <= LABELS_BYTES_PER_GROUP) return;
  const message = `the labels of ${streams.length} streams take ${bytes} bytes; at most ${LABELS_BYTES_PER_GROUP} are allowed in a batch: send fewer lines at once`;
  throw new PodlogError('PODLOG_TOO_MANY_LABELS', 413, message);
}

function assertLabels(labels: Labels, node: string): void {
  const entries = Object.entries(labels);
  if (entries.length > LABELS_MAX)
    throw refused(`a stream has ${entries.length} labels; at most ${LABELS_MAX} are allowed`);
  for (const [name, value] of entries) {
    const wrong = labelProblem(name, value);
    if (wrong !== undefined) {
      throw refused(`the label ${JSON.stringify(name.slice(0, 64))}: ${wrong.problem}; allowed: ${wrong.allowed}`);
    }
    if (name === 'node' && value !== node)
      throw new ForbiddenLinesError(`a batch of ${node} has lines of the node ${value}`);
  }
}

function refused(message: string): PodlogError {
  return new PodlogError('PODLOG_BAD_LABELS', 400, message);
}
