/** What a container wrote before it was restarted: the lines of the run before that of a line, the last ones first. */
import type { LogRow } from '../../shared/client/answers.ts';
import { askLines } from '../../shared/client/client.ts';
import { termText } from '../search/edit.ts';
import { messageOf } from './message-of.ts';
import { ask } from './navigation.ts';
import { say } from './said.ts';
import { connection, noticeRevoked } from './session.ts';

const ENDED = /^container .* ended: /;

export async function showPreviousRun({ labels, time, restart }: LogRow): Promise<void> {
  const names = ['namespace', 'pod', 'container'].filter((name) => labels[name] !== undefined);
  if (!names.includes('pod')) return say('This line is not from a container');
  const search = names.map((name) => termText(name, [labels[name]!], false)).join(' ');
  if (restart === 0) return say('This is the first run of its container');
  if (restart !== undefined) {
    return ask({ q: `${search} restart:${restart - 1}`, since: '', until: '', order: 'newest', tab: 'lines' });
  }
  // For lines that older agents sent, the cluster may have recorded the end of the run before.
  try {
    const { rows } = await askLines(connection(), { search: `${search} stream:podlog`, until: time, limit: 20 });
    const end = rows.find(({ line }) => ENDED.test(line));
    if (end === undefined) return say('The end of this container’s previous run is not stored');
    // The end itself is the first of the lines.
    const until = new Date(Date.parse(end.time) + 1).toISOString();
    ask({ q: search, since: '', until, order: 'newest', tab: 'lines' });
  } catch (error) {
    noticeRevoked(error);
    say(`The previous run could not be found: ${messageOf(error)}`);
  }
}
