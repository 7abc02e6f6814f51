/**
 * Colours of pods: a hue for each workload, a shade for each replica, as the names of classes. A workload keeps its hue over searches
 * and days: the browser remembers it.
 */
import type { Labels } from '../../shared/labels.ts';

const HUES = 8;
const SHADES = 3;

/** Returns the hue of a workload: the one that its name prefers or, if another has it, the next free one. */
function hueOf(workload: string, taken: Map<string, number>): number {
  const known = taken.get(workload);
  if (known !== undefined) return known;
  const preferred = hashOf(workload) % HUES;
  const used = new Set(taken.values());
  let hue = preferred;
  while (used.has(hue) && used.size < HUES) hue = (hue + 1) % HUES;
  taken.set(workload, hue);
  return hue;
}

/** @param shortName  such as `api·2mjqt` */
export function podClass(labels: Labels, shortName: string, taken: Map<string, number>): string {
  const [workload = '', replica = ''] = shortName.split('·');
  const hue = hueOf(`${labels['namespace'] ?? ''}/${workload}`, taken);
  return `pod-${hue}-${replica === '' ? 0 : hashOf(replica) % SHADES}`;
}

function hashOf(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) >>> 0;
  return hash;
}
