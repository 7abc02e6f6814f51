/** Checks the store while it is in use: a copy made of hard links, which nothing changes. */
import type { CheckAbility, CheckedFinding, StoreCheckEvent } from '../../../store/check.ts';
import type { Backups } from '../core/backup.ts';
import { type CheckEvent, checkedFinding } from './finding.ts';

/** @param check  checks a data folder that no server writes to, until it is stopped */
export function checkAbility(
  backups: Pick<Backups, 'hold'>,
  check: (dataDir: string, stop: AbortSignal) => AsyncIterable<CheckEvent>,
): CheckAbility {
  return {
    begin: async (stop) => {
      const held = await backups.hold();
      const events = eventsOf(check(held.path, stop), held.path);
      return { events, [Symbol.asyncDispose]: () => held[Symbol.asyncDispose]() };
    },
  };
}

async function* eventsOf(
  events: AsyncIterable<CheckEvent>,
  folder: string,
): AsyncGenerator<StoreCheckEvent<CheckedFinding>> {
  for await (const event of events) {
    if (event.kind === 'finding') yield { kind: 'finding', finding: checkedFinding(event.finding, folder) };
    else yield event;
  }
}
