/** A series by its labels. */
import type { Series } from '../state/series.ts';

export function SeriesLabels({ series: { labels } }: { readonly series: Series }) {
  const all = Object.entries(labels);
  if (all.length === 0) return <span class="dim">all</span>;
  return (
    <>
      {all.map(([name, value], i) => (
        <span key={name} class="pair">
          {i > 0 && ' '}
          <span class="key">{name}=</span>
          <bdi>{value}</bdi>
        </span>
      ))}
    </>
  );
}
