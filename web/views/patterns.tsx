/** What kinds of lines there are: share, trend, and what varies in them as chips. */
import { useSignal } from '@preact/signals';
import type { LinePattern } from '../../shared/client/answers.ts';
import { podName } from '../../shared/readable-line/pod-name.ts';
import { podClassOf } from '../state/known-hues.ts';
import { Failure } from '../parts/failure.tsx';
import { Icon, LevelIcon } from '../parts/icon.tsx';
import { count, counted } from '../../shared/counted.ts';
import { Share } from '../parts/share.tsx';
import { Sparkline } from '../parts/sparkline.tsx';
import { exclude, include, selectionOf } from '../search/edit.ts';
import { clockText } from '../state/clock.ts';
import { ask, question } from '../state/navigation.ts';
import { patterns } from '../state/search.ts';
import { NothingFound } from '../lines/nothing-found.tsx';

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'];

export function Patterns() {
  const { value, error } = patterns.value;
  if (error !== undefined) return <Failure what="Patterns" error={error} />;
  if (value === undefined) return <div class="skeleton-lines" aria-busy="true" />;
  if (value.patterns.length === 0) return <NothingFound />;
  return (
    <div class="patterns" tabIndex={0} role="region" aria-label="Patterns">
      <table class="table">
        <thead>
          <tr>
            <th scope="col" class="left">
              Pattern
            </th>
            <th scope="col">Lines</th>
            <th scope="col" class="not-phone">
              Share
            </th>
            <th scope="col" class="not-phone left">
              Trend
            </th>
            <th scope="col">
              <span class="hidden-text">Include or hide</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {value.patterns.map((pattern) => (
            <PatternRow key={pattern.id} pattern={pattern} />
          ))}
        </tbody>
      </table>
      {value.other > 0 && <p class="list-end">{counted(value.other, 'line')} of other patterns.</p>}
    </div>
  );
}

function PatternRow({
  pattern: { id, pattern, rows, share, levels, trend, examples },
}: {
  readonly pattern: LinePattern;
}) {
  const isOpen = useSignal(false);
  const { q } = question.value;
  const level = LEVELS.toSorted((a, b) => (levels[b] ?? 0) - (levels[a] ?? 0)).find((each) => (levels[each] ?? 0) > 0);
  const isBad = level === 'error' || level === 'fatal';
  const errors = (levels['error'] ?? 0) + (levels['fatal'] ?? 0);
  const selection = selectionOf(q, 'line.pattern', id);
  return (
    <>
      <tr class={isOpen.value ? 'is-open' : undefined}>
        <td class="left pattern-cell">
          <button
            type="button"
            class="pattern"
            aria-expanded={isOpen.value}
            onClick={() => (isOpen.value = !isOpen.value)}
          >
            <span class="pattern-level">
              <LevelIcon level={level} />
            </span>
            <span class="pattern-text">{chips(pattern)}</span>
            {errors > 0 && !isBad && (
              <span class="pattern-errors num">
                <LevelIcon level="error" /> {count(errors)}
              </span>
            )}
          </button>
        </td>
        <td class="num">{count(rows)}</td>
        <td class="not-phone num">
          <Share share={share} text={`${(share * 100).toFixed(share < 0.01 ? 2 : 1)} %`} />
        </td>
        <td class="not-phone left">
          <Sparkline
            values={trend}
            label={`Lines of this pattern over time, at most ${count(Math.max(0, ...trend))} at once`}
            isBad={isBad}
          />
        </td>
        <td class="pattern-actions">
          <button
            type="button"
            aria-label="Only lines of this pattern"
            title="Only lines of this pattern"
            aria-pressed={selection === 'included'}
            onClick={() => ask({ q: include(q, 'line.pattern', id), tab: 'lines' })}
          >
            <Icon name="plus" />
          </button>
          <button
            type="button"
            aria-label="Hide lines of this pattern"
            title="Hide lines of this pattern"
            onClick={() => ask({ q: exclude(q, 'line.pattern', id) })}
          >
            <Icon name="minus" />
          </button>
        </td>
      </tr>
      {isOpen.value && (
        <tr class="examples">
          <td colSpan={5} class="left">
            {examples.map((example) => {
              const pod = podName(example.labels, false);
              return (
                <div key={example.time + example.line} class="example">
                  <span class="key">{clockText(example.time)}</span>{' '}
                  <span class={podClassOf(example.labels, pod)}>{pod}</span> {example.line}
                </div>
              );
            })}
          </td>
        </tr>
      )}
    </>
  );
}

function chips(pattern: string) {
  return pattern.split(/(⟨[^⟩]*⟩)/).map((part, i) => (i % 2 === 1 ? <i key={i}>{part.slice(1, -1)}</i> : part));
}
