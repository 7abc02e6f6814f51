/** The cursor of a line that a query of LogQL has found: Loki's API knows none, so the line is looked up by its time and its stream. */
import type { LogRow } from '../../shared/client/answers.ts';
import { askLines } from '../../shared/client/client.ts';
import { messageOf } from './message-of.ts';
import { say } from './said.ts';
import { connection, noticeRevoked } from './session.ts';

/** Lines of one stream at the same nanosecond. */
const SAME_TIME_MAX = 100;
const NAMES = ['namespace', 'pod', 'container', 'stream'] as const;

/** Says why, where there is none. */
export async function cursorOf({ time, labels, line }: LogRow): Promise<string | undefined> {
  const own = NAMES.filter((name) => labels[name] !== undefined).map((name) => [`label.${name}`, labels[name]!]);
  const stream = Object.fromEntries(own) as Record<string, string>;
  try {
    const { rows } = await askLines(connection(), { since: time, until: after(time), limit: SAME_TIME_MAX, ...stream });
    // The line may have another text in the store, where the query has made it anew.
    const found = rows.find((row) => row.line === line) ?? rows[0];
    if (found?.cursor === undefined) say('This line is not stored any more');
    return found?.cursor;
  } catch (error) {
    noticeRevoked(error);
    say(`The line could not be looked up: ${messageOf(error)}`);
    return undefined;
  }
}

/** The next nanosecond. */
function after(time: string): string {
  const [seconds, fraction] = time.slice(0, -1).split('.') as [string, string];
  const next = Number(fraction) + 1;
  if (next < 1e9) return `${seconds}.${String(next).padStart(9, '0')}Z`;
  return new Date(Date.parse(`${seconds}Z`) + 1e3).toISOString();
}
