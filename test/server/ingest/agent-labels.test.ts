import { describe, expect, it } from 'vitest';
import { decodeBatch } from '../../../shared/wire.ts';
import { assertAgentLabels } from '../../../server/ingest/agent-labels.ts';
import { LABELS_BYTES_PER_GROUP } from '../../../shared/row-group/format.ts';
import { labelsMemoryBytes } from '../../../shared/labels.ts';
import { batchOf, type Line } from '../engines/embedded/batches.ts';

function linesOfStreams(count: number): Line[] {
  return Array.from({ length: count }, (_, i) => ({ text: 'x', labels: { pod: `pod-${i}`.padEnd(20, 'x') } }));
}

describe('labels of a batch', () => {
  const fitting = Math.floor(LABELS_BYTES_PER_GROUP / labelsMemoryBytes({ pod: 'x'.repeat(20) }));

  it('fit, or half of its rows do', () => {
    const batch = decodeBatch(batchOf({ lines: linesOfStreams(fitting + 1) }));
    expect(() => assertAgentLabels(batch)).toThrow(expect.objectContaining({ status: 413 }));
    expect(() => assertAgentLabels(batch)).toThrow(String(LABELS_BYTES_PER_GROUP));
    for (const count of [fitting, (fitting + 1) / 2]) {
      assertAgentLabels(decodeBatch(batchOf({ lines: linesOfStreams(count) })));
    }
  });

  it('are few of each stream', () => {
    const labels = Object.fromEntries(Array.from({ length: 31 }, (_, i) => [`l${i}`, 'x']));
    const batch = decodeBatch(batchOf({ lines: [{ text: 'x', labels }] }));
    expect(() => assertAgentLabels(batch)).toThrow(expect.objectContaining({ status: 400 }));
  });
});
