/** A value with its count: click includes it, Alt-click or the button beside it excludes it, Ctrl-click opens it in another tab. */
import type { ComponentChildren } from 'preact';
import { exclude, include, isTypeable, selectionOf } from '../search/edit.ts';
import { addressOf } from '../state/address.ts';
import { ask, question } from '../state/navigation.ts';
import { Icon } from './icon.tsx';
import { count } from '../../shared/counted.ts';

export interface ValueRowProps {
  readonly name: string;
  readonly value: string;
  readonly rows: number;
  /** The share of the longest bar. */
  readonly share: number;
  readonly isPod?: boolean;
  readonly children: ComponentChildren;
}

export function ValueRow({ name, value, rows, share, isPod = false, children }: ValueRowProps) {
  const { q } = question.value;
  const selection = selectionOf(q, name, value);
  const onClick = (event: MouseEvent): void => {
    if (event.button === 2) return;
    if (event.metaKey || event.ctrlKey || event.button === 1) {
      open(addressOf({ kind: 'explore' }, { ...question.peek(), q: include(q, name, value) }), '_blank', 'noopener');
    } else ask({ q: event.altKey ? exclude(q, name, value) : include(q, name, value) });
  };
  return (
    <div class={`value-row-box${isPod ? ' is-pod' : ''}`}>
      <button
        type="button"
        class={`value-row is-${selection}`}
        aria-pressed={selection === 'included'}
        title={`${value}\nClick includes, Alt-click excludes`}
        disabled={!isTypeable(value)}
        onClick={onClick}
        onAuxClick={onClick}
      >
        <span class="box">
          {selection === 'included' && <Icon name="check" />}
          {selection === 'excluded' && <Icon name="minus" />}
        </span>
        <span class="value-bar" style={{ width: `calc((100% - 38px) * ${share.toFixed(4)})` }} />
        {children}
        <span class="value-count">{count(rows)}</span>
      </button>
      <button
        type="button"
        class="value-exclude"
        aria-label={`Hide ${value}`}
        title={`Hide ${value}`}
        disabled={!isTypeable(value)}
        onClick={() => ask({ q: exclude(q, name, value) })}
      >
        <Icon name="minus" />
      </button>
    </div>
  );
}
