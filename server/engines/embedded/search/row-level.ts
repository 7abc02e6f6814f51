/** The level of a row, whatever its logger calls it: a label of that name, or what the line says. */
import { labelOf, type Labels } from '../../../../shared/labels.ts';
import { canonicalLevel, LEVEL } from '../../../../shared/levels.ts';
import type { LineFields } from './line-fields.ts';

const ofLabels = new WeakMap<Labels, Buffer | null>();

/** Returns undefined where there is none. */
export function levelOf(labels: Labels, fields: LineFields): Buffer | undefined {
  let label = ofLabels.get(labels);
  if (label === undefined) {
    const text = labelOf(labels, LEVEL);
    label = text === undefined ? null : canonical(Buffer.from(text));
    ofLabels.set(labels, label);
  }
  if (label !== null) return label;
  const { level } = fields.shape;
  if (level === undefined || (level.kind === 'value' && level.path !== '')) return undefined;
  return canonical(level.kind === 'implied' ? level.value : fields.value(level.slot));
}

function canonical(value: Buffer): Buffer {
  return canonicalLevel(value, 0, value.length) ?? value;
}
