/** Above the lines of a live tail: how many a second arrived in the last minute, and their pods, each to be switched off. */
import { podClassOf } from '../state/known-hues.ts';
import { livePods, type Second, seconds } from '../state/live-rates.ts';
import { ask, question } from '../state/navigation.ts';
import { count } from '../../shared/counted.ts';
import { podName } from '../../shared/readable-line/pod-name.ts';
import { exclude, valuesOf } from '../search/edit.ts';

const HEIGHT = 24;

export function LiveHead() {
  const { q } = question.value;
  const excluded = valuesOf(q, 'pod', true);
  const most = Math.max(1, ...seconds.value.map(totalOf));
  return (
    <div class="live-head">
      <svg
        class="live-rates"
        viewBox={`0 0 ${seconds.value.length} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Lines a second in the last minute, at most ${count(most)}`}
      >
        {seconds.value.map((second, i) => (
          <Bar key={i} second={second} x={i} most={most} />
        ))}
      </svg>
      <span class="live-most dim num">{count(most)}/s</span>
      <div class="live-pods" role="group" aria-label="Pods">
        {livePods.value
          .filter(({ labels }) => !excluded.includes(labels['pod']!))
          .map(({ name, labels, count: own }) => (
            <button
              key={labels['pod']}
              type="button"
              class="ghost live-pod"
              aria-pressed="true"
              title={`${labels['pod']}\n${count(own)} lines; click hides them`}
              onClick={() => ask({ q: exclude(q, 'pod', labels['pod']!) })}
            >
              <span class={`dot ${podClassOf(labels, name)}`} />
              {name}
            </button>
          ))}
        {excluded.map((pod) => (
          <button
            key={pod}
            type="button"
            class="ghost live-pod is-off"
            aria-pressed="false"
            title={`${pod}\nClick shows its lines again`}
            onClick={() => ask({ q: exclude(q, 'pod', pod) })}
          >
            <span class="dot" />
            {podName({ pod }, false)}
          </button>
        ))}
      </div>
    </div>
  );
}

function Bar({ second, x, most }: { readonly second: Second; readonly x: number; readonly most: number }) {
  const height = (value: number): number => (value === 0 ? 0 : Math.max(1.5, (value / most) * (HEIGHT - 1)));
  const [error, warn, other] = [height(second.error), height(second.warn), height(second.other)];
  return (
    <>
      <rect class="bar-other" x={x + 0.1} width={0.8} y={HEIGHT - error - warn - other} height={other} />
      <rect class="bar-warn" x={x + 0.1} width={0.8} y={HEIGHT - error - warn} height={warn} />
      <rect class="bar-error" x={x + 0.1} width={0.8} y={HEIGHT - error} height={error} />
    </>
  );
}

function totalOf({ error, warn, other }: Second): number {
  return error + warn + other;
}
