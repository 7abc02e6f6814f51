/** What a pod's annotations say of whether its lines are kept. They may change while it runs. */
import type { Labels } from '../../shared/labels.ts';

const EXCLUDE = 'podlog.io/exclude';
/** Names, with commas between. */
const EXCLUDE_CONTAINERS = 'podlog.io/exclude-containers';

/** True for all of the pod's containers, or the names of some. */
export function excludedBy(annotations: Labels = {}): true | readonly string[] {
  if (annotations[EXCLUDE]?.trim().toLowerCase() === 'true') return true;
  const names = annotations[EXCLUDE_CONTAINERS]?.split(',').map((name) => name.trim()) ?? [];
  return names.filter((name) => name !== '');
}
