/** What changed in the range that is shown, as the server keeps it: new versions of workloads, and bad ends of containers. */
import { effect, signal } from '@preact/signals';
import { askLines, type Parameters } from '../../shared/client/client.ts';
import { includedValues } from '../search/edit.ts';
import { type Change, concerns, deployOf, endingOf } from './change.ts';
import { view } from './navigation.ts';
import { asked, bars, settled } from './search.ts';
import { access, connection } from './session.ts';

/** Changes of each kind on one chart; the newest are kept. */
const CHANGES_MAX = 200;

/** The changes in the range of Explore. */
export const changes = signal<readonly Change[]>([]);

let running = new AbortController();
effect(() => {
  const filters = asked.value;
  running.abort();
  running = new AbortController();
  if (access.value !== 'open' || view.peek().kind !== 'explore' || filters['until'] === undefined) {
    changes.value = [];
    return;
  }
  void load(filters, running.signal);
});

/** A chart without marks is better than none. */
async function load(filters: Parameters, ended: AbortSignal): Promise<void> {
  await settled(bars);
  if (ended.aborted) return;
  try {
    const found = await askChanges(filters, ended);
    if (!ended.aborted) changes.value = found;
  } catch {
    if (!ended.aborted) changes.value = [];
  }
}

/** The changes of the workloads that a search is about. */
export async function askChanges(filters: Parameters, ended: AbortSignal): Promise<readonly Change[]> {
  const text = String(filters['search'] ?? '');
  const kinds = await Promise.all([askDeploys(filters, CHANGES_MAX, ended), askEndings(filters, CHANGES_MAX, ended)]);
  return kinds.flat().filter((change) => concerns(change, text));
}

/** A workload that is seen for the first time has no change: it may have been there before podlog. */
export async function askDeploys(filters: Parameters, limit: number, ended: AbortSignal): Promise<readonly Change[]> {
  const question = { ...inPlace(filters), 'label.source': 'changes', old_hash: '*', limit };
  const { rows } = await askLines(connection(), question, ended);
  return rows.map(deployOf);
}

/** Not those of containers whose work is done, of which jobs have many. */
export async function askEndings(filters: Parameters, limit: number, ended: AbortSignal): Promise<readonly Change[]> {
  const search = '"ended:" -"ended: exit code 0, Completed"';
  const question = { ...inPlace(filters), 'label.stream': 'podlog', search, limit };
  const { rows } = await askLines(connection(), question, ended);
  return rows.flatMap((row) => endingOf(row) ?? []);
}

/** The range and the namespaces of a question. */
function inPlace({ search = '', since, until, tz, 'label.namespace': namespace }: Parameters): Parameters {
  const included = includedValues(String(search), 'namespace');
  // Mostly nothing has changed, about which there is no advice.
  return { since, until, tz, namespace: included, 'label.namespace': namespace, hints: false };
}
