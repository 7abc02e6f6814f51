/** How many lines an import has before it, as Loki estimates it, so that the time that is left goes by lines. */
import { IMPORT_SLICE_NS_MAX, IMPORT_STATS_ASKS_MAX } from '../limits.ts';
import type { Asker } from './endpoint.ts';
import type { ImportState } from './state.ts';

/** @returns undefined where Loki does not say, or would be asked too often */
export async function linesLeft(loki: Asker, state: ImportState): Promise<number | undefined> {
  const { selectors, selector, since, until, at } = state;
  const slices = selectors.slice(selector).flatMap((query, i) => slicesOf(query, i === 0 ? at : since, until));
  if (slices.length > IMPORT_STATS_ASKS_MAX) return undefined;
  let lines = 0;
  for (const slice of slices) {
    const path = `/loki/api/v1/index/stats?${new URLSearchParams(slice).toString()}`;
    const { status, body } = await loki.ask({ method: 'GET', path }, () => true);
    const entries = status === 200 ? entriesOf(body) : undefined;
    if (entries === undefined) return undefined;
    lines += entries;
  }
  return lines;
}

/** Loki limits the range of a question. */
function slicesOf(query: string, start: bigint, end: bigint): Record<string, string>[] {
  const slices: Record<string, string>[] = [];
  for (let from = start; from < end; from += IMPORT_SLICE_NS_MAX) {
    const to = from + IMPORT_SLICE_NS_MAX < end ? from + IMPORT_SLICE_NS_MAX : end;
    slices.push({ query, start: String(from), end: String(to) });
  }
  return slices;
}

function entriesOf(body: Buffer): number | undefined {
  try {
    const { entries } = JSON.parse(body.toString()) as { readonly entries?: unknown };
    return typeof entries === 'number' && entries >= 0 ? entries : undefined;
  } catch {
    return undefined;
  }
}
