/** The one search text, with the range and Run beside it. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { AnswerError } from '../../shared/client/client.ts';
import { isLogql, isOfLines, mayBeLogql } from '../search/is-logql.ts';
import { type Token, tokensOf } from '../search/tokens.ts';
import { go, ask, question, runCount, view } from '../state/navigation.ts';
import { lines } from '../state/search.ts';
import { live, stopLive } from '../state/live.ts';
import { isFacetsOpen } from '../state/panels.ts';
import { selectionCount } from '../search/edit.ts';
import { isUnknown, learnNames } from '../state/known-names.ts';
import type { OnCompletionKey } from './completion.tsx';
import { Icon } from './icon.tsx';
import { language, learnLanguage } from './language.ts';
import { lazy } from './lazy.tsx';
import { SavedViews } from './saved-views.tsx';
import { TimePicker } from './time-picker.tsx';
import { copyLink } from '../state/link.ts';

const Completion = lazy(async () => (await import('./completion.tsx')).Completion, null);

export function QueryBar() {
  const isLive = view.value.kind === 'live';
  const hasLines = isLive || view.value.kind === 'explore';
  const filters = selectionCount(question.value.q);
  const isOfLogql = isLogql(question.value.q);
  return (
    <div class="query-bar" role="search">
      <SearchField />
      <div class="query-buttons">
        {view.value.kind === 'explore' && !isOfLogql && (
          <button
            type="button"
            class="button only-narrow"
            aria-expanded={isFacetsOpen.value}
            onClick={() => (isFacetsOpen.value = true)}
          >
            <Icon name="filter" /> Filters {filters > 0 && <span class="dim">{filters}</span>}
          </button>
        )}
        {!isLive && <TimePicker />}
        {!hasLines ? null : isLive ? (
          <button
            type="button"
            class="button"
            onClick={() => {
              stopLive();
              go({ kind: 'explore' });
            }}
          >
            <Icon name="stop" /> Stop
          </button>
        ) : isOfLogql && !isOfLines(question.value.q) ? null : (
          <button type="button" class="button" onClick={() => go({ kind: 'live' })}>
            <Icon name="live" /> Live
          </button>
        )}
        {hasLines && <SavedViews />}
        <button
          type="button"
          class="button not-phone"
          title="Copies a link with absolute times; with Shift, one that goes with the time"
          onClick={(event) => void copyLink(event.shiftKey)}
        >
          <Icon name="link" /> Copy link
        </button>
      </div>
    </div>
  );
}

function SearchField() {
  const typed = useSignal(question.value.q);
  const input = useRef<HTMLInputElement>(null);
  const colors = useRef<HTMLDivElement>(null);
  const isCompleting = useSignal(false);
  const wasTyped = useSignal(false);
  const onCompletionKey = useRef<OnCompletionKey | null>(null);
  useEffect(() => {
    typed.value = question.value.q;
  }, [question.value.q, runCount.value]);
  const { error } = view.value.kind === 'live' ? live.value : lines.value;
  const problem = error instanceof AnswerError && error.position !== undefined ? error : undefined;
  const isOfLogql = mayBeLogql(typed.value);
  useEffect(() => {
    if (isOfLogql) void learnLanguage();
  }, [isOfLogql]);
  const run = (): void => {
    isCompleting.value = false;
    ask({ q: typed.value.trim() });
  };
  const follow = (): void => {
    if (colors.current !== null && input.current !== null) colors.current.scrollLeft = input.current.scrollLeft;
  };
  useEffect(follow, [typed.value]);
  return (
    <div class={`search-field${problem === undefined ? '' : ' has-problem'}`}>
      <Icon name="search" />
      <div class="search-text">
        <div class="search-colors" ref={colors} aria-hidden="true">
          {(isOfLogql ? (language.value?.logqlTokens ?? asOneToken) : tokensOf)(typed.value).map((token) => (
            <Colored
              key={token.start}
              token={token}
              problem={typed.value === question.value.q ? problem : undefined}
              // The name that is being typed is not whole yet.
              isTyped={typed.value !== question.value.q && token.start + token.text.length < typed.value.length}
            />
          ))}
        </div>
        <input
          ref={input}
          id="search"
          type="text"
          role="combobox"
          aria-label="Search lines"
          aria-autocomplete="list"
          aria-expanded={false}
          aria-controls="completion"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          placeholder="Search lines: timeout, level:error, status>=500, user_id:12345"
          value={typed.value}
          onInput={(event) => {
            typed.value = event.currentTarget.value;
            void learnNames();
            wasTyped.value = isCompleting.value = true;
          }}
          onScroll={follow}
          onBlur={() => (isCompleting.value = false)}
          onKeyDown={(event) => {
            if (onCompletionKey.current?.(event) === true) event.preventDefault();
            else if (event.key === ' ' && event.ctrlKey) wasTyped.value = isCompleting.value = true;
            else if (event.key === 'Enter') run();
            else if (event.key === 'Escape') event.currentTarget.blur();
          }}
        />
      </div>
      {typed.value === question.value.q ? <kbd class="not-phone">/</kbd> : null}
      <button type="button" class="run" onClick={run}>
        Run
      </button>
      {wasTyped.value && (
        <Completion
          isOpen={isCompleting}
          onKey={onCompletionKey}
          input={input}
          typed={typed.value}
          onTake={(text, caret) => {
            // At once, as the next key may come before the next frame.
            input.current!.value = text;
            input.current!.setSelectionRange(caret, caret);
            typed.value = text;
          }}
        />
      )}
      {problem !== undefined && (
        <p class="search-problem" role="alert">
          {problem.message.replace(/^search: /, '')}
        </p>
      )}
    </div>
  );
}

const asOneToken = (text: string): Token[] => [{ kind: 'word', text, start: 0, depth: 0 }];

interface ColoredProps {
  readonly token: Token;
  readonly problem: AnswerError | undefined;
  readonly isTyped: boolean;
}

function Colored({ token, problem, isTyped }: ColoredProps) {
  const { kind, text, start } = token;
  const isWrong =
    problem?.position !== undefined &&
    problem.position - 1 < start + text.length &&
    problem.position - 1 + (problem.length ?? 1) > start;
  if (kind !== 'field') return <span class={`token-${kind}${isWrong ? ' is-wrong' : ''}`}>{text}</span>;
  const [, minus = '', name = '', sign = '', value = ''] = /^(-?)([^:<>=]*)(:|[<>]=?|=)([^]*)$/.exec(text) ?? [];
  return (
    <span class={isWrong ? 'is-wrong' : undefined}>
      <span class="token-minus">{minus}</span>
      <span class={`token-name${isTyped && isUnknown(name) ? ' is-unknown' : ''}`}>
        {name}
        {sign}
      </span>
      <span class="token-value">{value}</span>
    </span>
  );
}
