/** Live: new lines at the bottom. Scrolling up, or opening a line, pauses following; lines arrive all the same. */
import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { LogRow } from '../../shared/client/answers.ts';
import { LineList } from '../lines/line-list.tsx';
import type { List } from '../lines/virtual.ts';
import { Failure } from '../parts/failure.tsx';
import { messageOf } from '../state/message-of.ts';
import { count, counted } from '../../shared/counted.ts';
import { useListKeys } from '../lines/list-keys.ts';
import { isLogql } from '../search/is-logql.ts';
import { searchedTexts } from '../search/logql-text.ts';
import { wordsOf } from '../search/tokens.ts';
import { addressOf } from '../state/address.ts';
import { clockText } from '../state/clock.ts';
import { live } from '../state/live.ts';
import { endSecond, livePods, seconds } from '../state/live-rates.ts';
import { question } from '../state/navigation.ts';
import { chosenRow, openRows } from '../state/selected.ts';
import { LiveHead } from './live-head.tsx';

const NEAR_END_PX = 24;
const RATE_MS = 1_000;
const RATE_SECONDS = 10;
const SPOKEN_MS = 10_000;

export function Live() {
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<List | undefined>(undefined);
  const isFollowing = useSignal(true);
  const seenCount = useRef(0);
  const { rows, droppedCount, searchId, state, error } = live.value;
  const { q } = question.value;
  const total = rows.length + droppedCount;
  const searched = isLogql(q) ? searchedTexts(q) : wordsOf(q);
  useListKeys(() => rows, list, scroller, searched);
  useEffect(() => {
    isFollowing.value = true;
  }, [searchId]);
  useEffect(() => {
    if (openRows.value.size > 0 || chosenRow.value !== undefined) isFollowing.value = false;
  }, [openRows.value, chosenRow.value]);
  // The line at the top of what is read keeps its place when old lines leave the list.
  const anchor = useRef<Anchor | undefined>(undefined);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null || isFollowing.value || anchor.current === undefined) return;
    const place = rows.indexOf(anchor.current.row);
    const start = list.current?.measurementsCache[place]?.start;
    if (start !== undefined) element.scrollTop = start + anchor.current.offset;
  }, [droppedCount]);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    if (isFollowing.value) {
      seenCount.current = total;
      element.scrollTop = element.scrollHeight;
    } else anchor.current = anchorOf(list.current, rows, element.scrollTop);
  });
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    // A person scrolls by wheel, touch or key; the list scrolls by itself only to its end.
    const onScroll = (): void => {
      const isAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END_PX;
      if (isAtEnd) isFollowing.value = true;
    };
    const onWheel = (event: WheelEvent): void => {
      if (event.deltaY < 0) isFollowing.value = false;
    };
    const onTouch = (): void => void (isFollowing.value = false);
    const onKey = ({ key }: KeyboardEvent): void => {
      if (/^(?:ArrowUp|PageUp|Home|k|g)$/.test(key)) isFollowing.value = false;
    };
    element.addEventListener('scroll', onScroll, { passive: true });
    element.addEventListener('wheel', onWheel, { passive: true });
    element.addEventListener('touchmove', onTouch, { passive: true });
    element.addEventListener('keydown', onKey);
    return () => {
      element.removeEventListener('scroll', onScroll);
      element.removeEventListener('wheel', onWheel);
      element.removeEventListener('touchmove', onTouch);
      element.removeEventListener('keydown', onKey);
    };
  }, [rows.length === 0]);
  const newCount = total - seenCount.current;
  const followAgain = (): void => {
    openRows.value = new Set();
    chosenRow.value = undefined;
    isFollowing.value = true;
  };
  return (
    <section class="live" aria-label="Live lines">
      {state === 'stopped' && error !== undefined && <Failure what="The live tail" error={error} />}
      {rows.length === 0 && state === 'following' && <p class="live-empty">Connected. Waiting for the first line.</p>}
      {rows.length > 0 && <LiveHead />}
      {rows.length > 0 && (
        <div class="live-list" role="log" aria-live="off" aria-label="Lines as they arrive">
          <LineList
            rows={rows}
            words={searched}
            searchId={searchId}
            scroller={scroller}
            onList={(each) => (list.current = each)}
          />
          {!isFollowing.value && (
            <button type="button" class="pill" onClick={followAgain}>
              {newCount > 0 ? `${count(newCount)} new ↓` : 'Follow ↓'}
            </button>
          )}
        </div>
      )}
      <LiveStatus isFollowing={isFollowing.value} />
    </section>
  );
}

interface Anchor {
  readonly row: LogRow;
  /** From its top to that of what is in sight. */
  readonly offset: number;
}

function anchorOf(list: List | undefined, rows: readonly LogRow[], scrollTop: number): Anchor | undefined {
  const item = list?.getVirtualItemForOffset(scrollTop);
  const row = item === undefined ? undefined : rows[item.index];
  return row === undefined ? undefined : { row, offset: scrollTop - item!.start };
}

function LiveStatus({ isFollowing }: { readonly isFollowing: boolean }) {
  const { state, error, rows, droppedCount, note } = live.value;
  const rate = useSignal(0);
  const ago = useSignal(0);
  const spoken = useSignal('');
  useEffect(() => {
    const counts: number[] = [];
    let spokenCount = countNow();
    const timer = setInterval(() => {
      endSecond();
      counts.push(countNow());
      if (counts.length > RATE_SECONDS + 1) counts.shift();
      rate.value = counts.length < 2 ? 0 : (counts.at(-1)! - counts[0]!) / (counts.length - 1);
      const { lastArrivalMs } = live.peek();
      ago.value = lastArrivalMs === 0 ? 0 : Math.round((Date.now() - lastArrivalMs) / 1_000);
    }, RATE_MS);
    const speaker = setInterval(() => {
      const now = countNow();
      const problems = seconds
        .peek()
        .slice(-SPOKEN_MS / RATE_MS)
        .reduce((sum, second) => sum + second.error, 0);
      const errors = problems === 0 ? '' : `, ${counted(problems, 'error')}`;
      spoken.value = now === spokenCount ? '' : counted(now - spokenCount, 'new line') + errors;
      spokenCount = now;
    }, SPOKEN_MS);
    return () => {
      clearInterval(timer);
      clearInterval(speaker);
    };
  }, []);
  const pods = livePods.value.length;
  return (
    <div class="live-status">
      <span class={`live-dot is-${state}`} aria-hidden="true" />
      <span>
        <b>{words(state, isFollowing)}</b>
        {state === 'following' && (
          <span class="num">
            {' '}
            · {rate.value.toFixed(1)} lines/s · {counted(pods, 'pod')}
            {rows.length > 0 && ` · last at ${clockText(rows.at(-1)!.time)}`}
            {ago.value >= 120 && ` · no line for ${Math.floor(ago.value / 60)} minutes`}
          </span>
        )}
        {state === 'waiting' && error !== undefined && <span> · {messageOf(error)}</span>}
        {note !== '' && <span> · {note}</span>}
        {droppedCount > 0 && (
          <span>
            {' · '}
            <a class="link" data-view href={addressOf({ kind: 'explore' }, question.value)}>
              {count(droppedCount)} older lines are in Explore
            </a>
          </span>
        )}
      </span>
      <span class="hidden-text" role="status" aria-live="polite">
        {spoken.value}
      </span>
    </div>
  );
}

function countNow(): number {
  const { rows, droppedCount } = live.peek();
  return rows.length + droppedCount;
}

function words(state: 'stopped' | 'connecting' | 'following' | 'waiting', isFollowing: boolean): string {
  switch (state) {
    case 'stopped':
      return 'Stopped';
    case 'connecting':
      return 'Connecting';
    case 'waiting':
      return 'Reconnecting';
    case 'following':
      return isFollowing ? 'Following' : 'Paused; lines still arrive';
  }
}
