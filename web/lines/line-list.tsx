/** The list of lines: as many rows as are in sight, whatever the number of lines. */
import { useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { LogRow } from '../../shared/client/answers.ts';
import { dayText, timeForm, zone } from '../state/clock.ts';
import { columnsOf } from '../state/table-cells.ts';
import { rowView } from '../state/row-view.ts';
import { type Density, density, isWrapped, openRows, toggleOpen } from '../state/selected.ts';
import { LineRow } from './line-row.tsx';
import { SelectionBar } from './selection-bar.tsx';
import { TableHead } from './table-head.tsx';
import { type List, useVirtual } from './virtual.ts';

export interface LineListProps {
  readonly rows: readonly LogRow[];
  /** Words of the search text, in lower case. */
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
  /** Names of the columns of a table; undefined: lines as they are read. */
  readonly columns?: readonly string[] | undefined;
}

type Item = { readonly kind: 'row'; readonly row: LogRow } | { readonly kind: 'day'; readonly time: string };

const ROW_PX: Readonly<Record<Density, number>> = { compact: 18, normal: 20, large: 24 };
const PHONE_ROW_PX = 52;
const DETAILS_PX = 300;
const DAY_PX = 20;
/** Height of the names of columns. */
const HEAD_PX = 28;
const PHONE = matchMedia('(max-width: 720px)');
/** Width of names of pods, in characters. */
const POD_WIDTH_MIN = 12;
const POD_WIDTH_MAX = 22;
/** Lines whose pods set the width of their column. */
const WIDTH_LINES = 200;
const MOVED_PX = 3;

export function LineList(props: LineListProps) {
  const { rows, words, searchId, onEnd, end, scroller, onList, middle, columns: names } = props;
  const items = useMemo(() => itemsOf(rows), [rows, zone.value]);
  // Around another line, or of more pods, lines are others.
  const podWidth = useMemo(() => podWidthOf(rows), [searchId, rows.length === 0, middle]);
  const columns = useMemo(() => names && columnsOf(names, rows), [searchId, rows.length === 0, names?.join(',')]);
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
    headPx: columns === undefined ? 0 : HEAD_PX,
  });
  onList?.(list);
  // Before the effects of whoever shows the list, which may want its end.
  useLayoutEffect(() => scroller.current?.scrollTo(0, 0), [searchId]);
  useEffect(() => list.measure(), [isWrapped.value, isPhone.value, columns, density.value]);
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
        class={`lines is-${density.value} is-${timeForm.value}${isWrapped.value ? ' is-wrapped' : ''}${columns === undefined ? '' : ' is-table'}`}
        role="treegrid"
        aria-label="Lines"
        aria-rowcount={items.length}
        tabIndex={0}
        onPointerDown={(event) => (pressed.current = [event.clientX, event.clientY])}
        onClick={onClick}
        style={{
          '--pod-width': `${podWidth}ch`,
          '--columns': columns?.map(({ width }, i) => (i < columns.length - 1 ? `${width + 2}ch` : '1fr')).join(' '),
          '--columns-width': columns && `${columns.reduce((sum, { width }) => sum + width + 2, 0)}ch`,
        }}
      >
        {columns !== undefined && <TableHead columns={columns} />}
        <div class="lines-height" role="presentation" style={{ height: `${list.getTotalSize()}px` }}>
          <div
            class="lines-in-sight"
            role="presentation"
            style={{ transform: `translateY(${(inSight[0]?.start ?? 0) - list.options.scrollMargin}px)` }}
          >
            {inSight.map(({ index, key }) => {
              const item = items[index]!;
              return (
                <div key={key} ref={list.measureElement} data-index={index} role="presentation">
                  {item.kind === 'day' ? (
                    <Day time={item.time} index={index} />
                  ) : (
                    <LineRow
                      row={item.row}
                      previous={timeForm.value === 'gap' ? rowBefore(items, index) : undefined}
                      index={index}
                      words={words}
                      isMiddle={item.row === middle}
                      columns={columns}
                    />
                  )}
                </div>
              );
            })}
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

function Day({ time, index }: { readonly time: string; readonly index: number }) {
  return (
    <div class="day" role="row" aria-rowindex={index + 1}>
      <span role="gridcell">{dayText(time)}</span>
    </div>
  );
}

/** The line before another one in time, which is below it where the newest come first. */
function rowBefore(items: readonly Item[], index: number): LogRow | undefined {
  const own = items[index];
  if (own?.kind !== 'row') return undefined;
  for (const step of [1, -1]) {
    const next = items[index + step]?.kind === 'day' ? items[index + 2 * step] : items[index + step];
    if (next?.kind === 'row' && next.row.time < own.row.time) return next.row;
  }
  return undefined;
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
  return (isPhone ? PHONE_ROW_PX : ROW_PX[density.peek()]) + (openRows.peek().has(item.row) ? DETAILS_PX : 0);
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
