/** The hues of workloads, as this browser remembers them. */
import type { Labels } from '../../shared/labels.ts';
import { stored } from './stored.ts';
import { podClass } from './pod-color.ts';

const remembered = stored<Readonly<Record<string, number>>>('hues', {});
const hues = new Map(Object.entries(remembered.peek()));

export function podClassOf(labels: Labels, shortName: string): string {
  const count = hues.size;
  const name = podClass(labels, shortName, hues);
  if (hues.size !== count) queueMicrotask(() => (remembered.value = Object.fromEntries(hues)));
  return name;
}
