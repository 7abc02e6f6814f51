/** Series in tables: below a plot, as its legend; and with a column for each label. */
import type { Signal } from '@preact/signals';
import { numberText } from './numbers.ts';
import { show, question } from '../state/navigation.ts';
import { colorOf, figuresOf, type Figures, type FoundSeries, labelNames } from '../state/series.ts';
import { SeriesLabels } from './series-labels.tsx';

const FIGURES: readonly (readonly [keyof Figures, string])[] = [
  ['last', 'Last'],
  ['least', 'Min'],
  ['mean', 'Mean'],
  ['most', 'Max'],
];

export interface LegendProps {
  readonly found: FoundSeries;
  readonly places: readonly number[];
  /** The series that is looked at. */
  readonly marked: Signal<number | undefined>;
}

export function Legend({ found: { series }, places, marked }: LegendProps) {
  return (
    <table class="table legend">
      <thead>
        <tr>
          <th scope="col" class="left">
            Series
          </th>
          {FIGURES.map(([key, name]) => (
            <th key={key} scope="col" class={key === 'least' || key === 'mean' ? 'not-phone' : undefined}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {places.map((place) => {
          const each = series[place]!;
          const figures = figuresOf(each);
          return (
            <tr key={place}>
              <th scope="row" class="left">
                <button
                  type="button"
                  aria-pressed={marked.value === place}
                  title="Shows this series before the others"
                  onClick={() => (marked.value = marked.peek() === place ? undefined : place)}
                >
                  <i class={`series-swatch ${colorOf(each, place)}`} />
                  <span class="series-labels">
                    <SeriesLabels series={each} />
                  </span>
                </button>
              </th>
              {FIGURES.map(([key]) => (
                <td key={key} class={key === 'least' || key === 'mean' ? 'not-phone' : undefined}>
                  {numberText(figures[key])}
                </td>
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** The name of a column by which rows are sorted, descending after a minus. */
const SORT_DEFAULT = '-last';

export function SeriesTable({ found: { series } }: { readonly found: FoundSeries }) {
  const names = labelNames(series);
  const sort = question.value.own['sort'] ?? SORT_DEFAULT;
  const column = sort.replace(/^-/, '');
  const isDown = sort.startsWith('-');
  const rows = series
    .map((each) => ({ labels: each.labels, figures: figuresOf(each) }))
    .toSorted((a, b) => {
      const key = column as keyof Figures;
      const isFigure = FIGURES.some(([name]) => name === column);
      const order = isFigure
        ? (a.figures[key] ?? -Infinity) - (b.figures[key] ?? -Infinity)
        : (a.labels[column.slice(1)] ?? '').localeCompare(b.labels[column.slice(1)] ?? '', 'en', { numeric: true });
      return isDown ? -order : order;
    });
  // A label may be called like a figure.
  const columns = [
    ...names.map((name) => ({ id: `.${name}`, name, isFigure: false })),
    ...FIGURES.map(([id, name]) => ({ id: id as string, name, isFigure: true })),
  ];
  const next = (id: string, isFigure: boolean): string => {
    if (column === id) return isDown ? id : `-${id}`;
    return isFigure ? `-${id}` : id;
  };
  return (
    <div class="metric" role="region" aria-label="Series" tabIndex={0}>
      <table class="table">
        <thead>
          <tr>
            {columns.map(({ id, name, isFigure }) => (
              <th
                key={id}
                scope="col"
                class={isFigure ? undefined : 'left'}
                aria-sort={column === id ? (isDown ? 'descending' : 'ascending') : undefined}
              >
                <button
                  type="button"
                  onClick={() => show({ own: { ...question.peek().own, sort: next(id, isFigure) } })}
                >
                  {name}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ labels, figures }, i) => (
            <tr key={i}>
              {names.map((name) => (
                <td key={name} class="left mono">
                  {labels[name] === undefined ? <span class="dim">–</span> : <bdi>{labels[name]}</bdi>}
                </td>
              ))}
              {FIGURES.map(([key]) => (
                <td key={key}>{numberText(figures[key])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
