/** What a server does now and then, and what it is asked to do beside taking and finding lines. */
import { planForAll } from '../../server/store/search-plan.ts';
import { valueLeaf } from '../../server/store/predicate.ts';
import { parsePattern } from '../../server/store/value-test.ts';
import { isWanted } from '../server/store/naive-search.ts';
import { type Run, unlessDiskFails, unlessRefused } from './run.ts';

/** As main.ts does it every HOUSEKEEPING_MS. */
export function tick(run: Run): void {
  const { store, positions, retention, compactor, erasures } = run.process;
  run.launch('tick', async () => {
    positions.expire();
    const retained = retention.tick();
    compactor.tick();
    await unlessDiskFails(() => Promise.all([store.tick(), erasures.tick()]));
    await retained;
  });
}

export function compactNow(run: Run, isAll: boolean): void {
  const { compactor } = run.process;
  run.launch('compact', async () => {
    if (isAll) await compactor.settle();
    else compactor.tick();
  });
}

/** Everything of one user goes. */
export function erase(run: Run, user: number): void {
  const { erasures } = run.process;
  const filter = {
    from: undefined,
    to: undefined,
    where: valueLeaf('user', [parsePattern(String(user))]),
  };
  const erasure = run.truth.erase((line) => isWanted(line, planForAll(filter)));
  run.launch('erase', async () => {
    const status = await unlessRefused(() => unlessDiskFails(() => erasures.request(filter)));
    run.note(`erasure of user ${user}: ${status?.id ?? 'refused'}`);
    erasure.isOpen = false;
    if (status !== undefined) erasure.id = status.id;
  });
}
