/** What there is where nothing is stored: the agents that send lines, and the one command that adds one. */
import type { VNode } from 'preact';
import type { AgentsAnswer, StatsAnswer } from '../../shared/client/answers.ts';
import { askJson } from '../../shared/client/client.ts';
import { Icon } from '../parts/icon.tsx';
import { counted } from '../../shared/counted.ts';
import { useLoaded } from '../state/loaded.ts';
import { runCount } from '../state/navigation.ts';
import { copy } from '../state/said.ts';
import { connection } from '../state/session.ts';

/** @param otherwise  what is shown where something is stored */
export function EmptyStore({ otherwise }: { readonly otherwise: VNode }) {
  const { value } = useLoaded(
    (ended) =>
      Promise.all([
        askJson<StatsAnswer>(connection(), '/stats', {}, ended),
        askJson<AgentsAnswer>(connection(), '/agents', {}, ended),
      ]),
    [runCount.value],
  ).value;
  if (value === undefined) return null;
  const [{ rows }, { agents }] = value;
  if (rows > 0) return otherwise;
  const up = agents.filter(({ state }) => state === 'up').length;
  const command = `echo '{"level":"info","message":"hello"}' | curl --data-binary @- '${location.origin}/ingest?app=hello'`;
  return (
    <>
      <p>
        Nothing is stored yet.{' '}
        {agents.length === 0
          ? 'No agent has connected.'
          : `${up} of ${counted(agents.length, 'agent')} connected, 0 lines so far.`}{' '}
        This adds a line:
      </p>
      <p class="command">
        <code class="mono">{command}</code>
        <button
          type="button"
          class="icon-button"
          aria-label="Copy the command"
          title="Copy the command"
          onClick={() => void copy(command, 'Command copied')}
        >
          <Icon name="copy" />
        </button>
      </p>
    </>
  );
}
