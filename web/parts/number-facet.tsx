/** Numbers of a field by size, on a logarithmic scale, with two handles that set the range of the search. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { askJson, type Parameters } from '../../shared/client/client.ts';
import { measureOf } from '../../shared/readable-line/measures.ts';
import { measuredOf } from '../../shared/quantity.ts';
import { areDurationTexts } from '../search/duration-texts.ts';
import { rangeOf, withRange } from '../search/number-range.ts';
import { milliseconds } from './numbers.ts';
import { ask, question, runCount } from '../state/navigation.ts';
import { useLoaded } from '../state/loaded.ts';
import { type Sizes, type SizesAnswer, sizesOf } from '../state/number-sizes.ts';
import { rowView } from '../state/row-view.ts';
import { asked, facets, lines, settled } from '../state/search.ts';
import { connection } from '../state/session.ts';
import { count } from '../../shared/counted.ts';

const PAUSE_MS = 300;
const BUCKETS_MAX = 300;

export function NumberFacet({ name }: { readonly name: string }) {
  const loaded = useLoaded((ended) => askSizes(name, asked.peek(), ended), [name, runCount.value]);
  const { value, error } = loaded.value;
  if (error !== undefined) return <p class="facet-note">its sizes could not be loaded</p>;
  if (value === undefined) return <div class="number-facet is-empty" aria-busy="true" />;
  if (value.edges.length < 2) return <p class="facet-note">no numbers above zero</p>;
  const rows = lines.value.value?.rows ?? [];
  const texts = rows.flatMap((row) => rowView(row).fields.findLast((field) => field.name === name)?.value ?? []);
  return <Slider key={value.edges.join()} name={name} sizes={value} isText={areDurationTexts(texts)} />;
}

interface SliderProps {
  readonly name: string;
  readonly sizes: Sizes;
  /** Values have units of their own; their sizes are in seconds. */
  readonly isText: boolean;
}

function Slider({ name, sizes: { edges, counts }, isText }: SliderProps) {
  const last = edges.length - 1;
  const { q } = question.value;
  const range = rangeOf(q, name, isText ? measuredOf : Number);
  const placeOf = (limit: number | undefined, otherwise: number): number => {
    if (limit === undefined) return otherwise;
    const place = edges.findIndex((edge) => edge >= limit);
    return place < 0 ? last : place;
  };
  const low = useSignal(placeOf(range.from, 0));
  const high = useSignal(placeOf(range.to, last));
  useEffect(() => {
    low.value = placeOf(range.from, 0);
    high.value = placeOf(range.to, last);
  }, [range.from, range.to]);
  const most = Math.max(1, ...counts);
  const text = (place: number): string =>
    isText ? milliseconds(edges[place]! * 1e3) : (measureOf(name, String(edges[place]))?.text ?? count(edges[place]!));
  const rows = counts.slice(low.value, high.value).reduce((sum, each) => sum + each, 0);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  // Keys change a handle step by step, of which the last one is meant.
  const applySoon = (): void => {
    clearTimeout(timer.current);
    timer.current = setTimeout(apply, PAUSE_MS);
  };
  const apply = (): void => {
    const from = low.value === 0 ? undefined : edges[low.value];
    const to = high.value === last ? undefined : edges[high.value];
    const next = withRange(question.peek().q, name, { from, to }, isText ? 's' : '');
    if (next !== question.peek().q) ask({ q: next });
  };
  return (
    <div class="number-facet">
      <svg viewBox={`0 0 ${counts.length} 24`} preserveAspectRatio="none" aria-hidden="true">
        {counts.map((each, i) => {
          const height = each === 0 ? 0 : Math.max(1, (each / most) * 24);
          const isIn = i >= low.value && i < high.value;
          return (
            <rect
              key={i}
              class={isIn ? 'is-in' : undefined}
              x={i + 0.08}
              y={24 - height}
              width={0.84}
              height={height}
            />
          );
        })}
      </svg>
      <div class="number-handles">
        <input
          type="range"
          min={0}
          max={last}
          value={low.value}
          aria-label={`${name} from`}
          aria-valuetext={text(low.value)}
          onInput={(event) => {
            low.value = Math.min(Number(event.currentTarget.value), high.value - 1);
            event.currentTarget.value = String(low.value);
          }}
          onChange={applySoon}
        />
        <input
          type="range"
          min={0}
          max={last}
          value={high.value}
          aria-label={`${name} to`}
          aria-valuetext={text(high.value)}
          onInput={(event) => {
            high.value = Math.max(Number(event.currentTarget.value), low.value + 1);
            event.currentTarget.value = String(high.value);
          }}
          onChange={applySoon}
        />
      </div>
      <div class="number-scale num">
        <span>{text(low.value)}</span>
        <span class="dim">{count(rows)}</span>
        <span>{text(high.value)}</span>
      </div>
    </div>
  );
}

/** A range of the name itself does not narrow its own counts. */
async function askSizes(name: string, filters: Parameters, ended: AbortSignal): Promise<Sizes> {
  const search = withRange(String(filters['search'] ?? ''), name, { from: undefined, to: undefined });
  const by = `${name}.log10`;
  const parameters = { ...filters, search, by, limit: BUCKETS_MAX };
  // The lists of values go first.
  await settled(facets);
  ended.throwIfAborted();
  const answer = await askJson<SizesAnswer>(connection(), '/aggregate', parameters, ended);
  return sizesOf(answer, by);
}
