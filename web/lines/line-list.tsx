/** The list of lines: as many rows as are in sight, whatever the number of lines. */
import { useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useCallback, useEffect, useMemo, useRef } from 'preact/hooks';
import type { LogRow } from '../../shared/client/answers.ts';
import { LevelIcon } from '../parts/icon.tsx';
import { clockText, dayText, fullText, zone } from '../state/clock.ts';
import { chosenRow, isWrapped, openRequestId, openRows, toggleOpen } from '../state/selected.ts';
import { LineDetails } from './line-details.tsx';
import { LineText } from './line-text.tsx';
import { podClassOf } from '../state/known-hues.ts';
import { rowView } from '../state/row-view.ts';
import { SelectionBar } from './selection-bar.tsx';
import { type List, useVirtual } from './virtual.ts';

export interface LineListProps {
  readonly rows: readonly LogRow[];
  /** Of the search text, in lower case. */
  readonly words: readonly string[];
  /** Differs between searches: the list then begins at its start, with columns as wide as its lines need. */
  readonly searchId: number;
  /** Called when the end comes into sight. */
  readonly onEnd?: () => void;
  /** Below the last line. */
  readonly end?: preact.ComponentChildren;
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly onList?: (list: List) => void;
  /** A line to be marked. */
  readonly middle?: LogRow | undefined;
}

type Item = { readonly kind: 'row'; readonly row: LogRow } | { readonly kind: 'day'; readonly time: string };

const ROW_PX = 20;
const PHONE_ROW_PX = 52;
const DETAILS_PX = 300;
const DAY_PX = 20;
const PHONE = matchMedia('(max-width: 720px)');
/** Of names of pods, in characters. */
const POD_WIDTH_MIN = 12;
const POD_WIDTH_MAX = 22;
/** Lines whose pods set the width of their column. */
const WIDTH_LINES = 200;
const MOVED_PX = 3;

export function LineList(props: LineListProps) {
  const { rows, words, searchId, onEnd, end, scroller, onList, middle } = props;
  const items = useMemo(() => itemsOf(rows), [rows, zone.value]);
  const podWidth = useMemo(() => podWidthOf(rows), [searchId, rows.length === 0]);
  const isPhone = useSignal(PHONE.matches);
  useEffect(() => {
    const onChange = (): void => void (isPhone.value = PHONE.matches);
    PHONE.addEventListener('change', onChange);
    return () => PHONE.removeEventListener('change', onChange);
  }, []);
  const list = useVirtual({
    count: items.length,
    scroller,
    sizeOf: useCallback((index: number) => sizeOf(items[index]!, isPhone.value), [items]),
    // Another function would have all rows placed again, on each step of scrolling.
    keyOf: useCallback((index: number) => keyOf(items[index]!), [items]),
  });
  onList?.(list);
  useEffect(() => scroller.current?.scrollTo(0, 0), [searchId]);
  useEffect(() => list.measure(), [isWrapped.value, isPhone.value]);
  const inSight = list.getVirtualItems();
  const last = inSight.at(-1)?.index ?? -1;
  useEffect(() => {
    if (last >= items.length - 1) onEnd?.();
  }, [last, items.length]);
  const first = items[list.range?.startIndex ?? 0];
  const pressed = useRef<readonly [number, number]>([0, 0]);
  const onClick = (event: MouseEvent): void => {
    const target = event.target as Element;
    const index = target.closest<HTMLElement>('.line')?.dataset['index'];
    if (index === undefined || target.closest('a, button') !== null) return;
    const [x, y] = pressed.current;
    if (Math.abs(event.clientX - x) > MOVED_PX || Math.abs(event.clientY - y) > MOVED_PX) return;
    // The second click of two selects a word, so the first was not meant to open the line.
    if (getSelection()?.isCollapsed === false && event.detail !== 2) return;
    const item = items[Number(index)];
    if (item?.kind === 'row') toggleOpen(item.row);
  };
  return (
    <>
      <div class="day day-top" aria-hidden="true">
        {first === undefined ? ' ' : dayText(timeOf(first))}
      </div>
      <div
        ref={scroller}
        class={`lines${isWrapped.value ? ' is-wrapped' : ''}`}
        role="treegrid"
        aria-label="Lines"
        aria-rowcount={items.length}
        tabIndex={0}
        onPointerDown={(event) => (pressed.current = [event.clientX, event.clientY])}
        onClick={onClick}
      >
        <div class="lines-height" role="presentation" style={{ height: `${list.getTotalSize()}px` }}>
          <div
            class="lines-in-sight"
            role="presentation"
            style={{ transform: `translateY(${inSight[0]?.start ?? 0}px)`, '--pod-width': `${podWidth}ch` }}
          >
            {inSight.map(({ index, key }) => (
              <div key={key} ref={(element) => list.measureElement(element)} data-index={index} role="presentation">
                <ListItem item={items[index]!} index={index} words={words} middle={middle} />
              </div>
            ))}
          </div>
        </div>
        {end !== undefined && (
          <div role="row">
            <div role="gridcell">{end}</div>
          </div>
        )}
      </div>
      <SelectionBar scroller={scroller} />
    </>
  );
}

interface ListItemProps {
  readonly item: Item;
  readonly index: number;
  readonly words: readonly string[];
  readonly middle: LogRow | undefined;
}

function ListItem({ item, index, words, middle }: ListItemProps) {
  if (item.kind === 'day') {
    return (
      <div class="day" role="row" aria-rowindex={index + 1}>
        <span role="gridcell">{dayText(item.time)}</span>
      </div>
    );
  }
  const { row } = item;
  const { segments, pod } = rowView(row);
  const isOpen = openRows.value.has(row);
  const [workload = pod, replica] = pod.split('·');
  const state = `${isOpen ? ' is-open' : ''}${chosenRow.value === row ? ' is-chosen' : ''}${middle === row ? ' is-middle' : ''}`;
  const kind = `${row.level === undefined ? '' : ` is-${row.level}`}${row.labels['stream'] === 'podlog' ? ' is-podlog' : ''}`;
  return (
    <>
      <div class={`line${kind}${state}`} data-index={index} role="row" aria-rowindex={index + 1} aria-expanded={isOpen}>
        <span class="time" role="gridcell" title={fullText(row.time)}>
          {clockText(row.time)}
        </span>
        <span class="level" role="gridcell">
          <LevelIcon level={row.level} />
        </span>
        <span class={`pod ${podClassOf(row.labels, pod)}`} role="gridcell" title={podTitle(row)}>
          {workload}
          {replica !== undefined && <i>·{replica}</i>}
        </span>
        <span class="text" role="gridcell">
          <LineText segments={segments} words={words} openId={openRequestId.value} />
        </span>
      </div>
      {isOpen && (
        <div class={`details-row${kind}`} role="row">
          <div role="gridcell">
            <LineDetails row={row} />
          </div>
        </div>
      )}
    </>
  );
}

function podTitle({ labels }: LogRow): string {
  const { namespace, pod, container } = labels;
  return [namespace, pod, container].filter((each) => each !== undefined).join(' / ');
}

function itemsOf(rows: readonly LogRow[]): Item[] {
  const items: Item[] = [];
  let day = '';
  let hour = '';
  for (const row of rows) {
    // Days are formatted once an hour of lines, since a day may end at any hour in a zone.
    const rowHour = row.time.slice(0, 13);
    if (rowHour !== hour) {
      hour = rowHour;
      const own = dayText(row.time);
      if (own !== day && day !== '') items.push({ kind: 'day', time: row.time });
      day = own;
    }
    items.push({ kind: 'row', row });
  }
  return items;
}

function timeOf(item: Item): string {
  return item.kind === 'row' ? item.row.time : item.time;
}

function sizeOf(item: Item, isPhone: boolean): number {
  if (item.kind === 'day') return DAY_PX;
  return (isPhone ? PHONE_ROW_PX : ROW_PX) + (openRows.peek().has(item.row) ? DETAILS_PX : 0);
}

const keys = new WeakMap<LogRow, string>();
let keyCount = 0;

/** A key that goes with the line, as tails drop lines at the start. */
function keyOf(item: Item): string {
  if (item.kind === 'day') return `day ${item.time}`;
  let key = keys.get(item.row);
  if (key === undefined) keys.set(item.row, (key = String(keyCount++)));
  return key;
}

function podWidthOf(rows: readonly LogRow[]): number {
  const longest = Math.max(0, ...rows.slice(0, WIDTH_LINES).map((row) => rowView(row).pod.length));
  return Math.min(POD_WIDTH_MAX, Math.max(POD_WIDTH_MIN, longest)) + 1;
}
