/** Which rows of a long list are in sight. Rows keep their place when one above is measured. */
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from '@tanstack/virtual-core';
import type { RefObject } from 'preact';
import { useLayoutEffect, useReducer, useState } from 'preact/hooks';

const OVERSCAN_ROWS = 12;

export interface VirtualOptions {
  readonly count: number;
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly sizeOf: (index: number) => number;
  readonly keyOf: (index: number) => string;
  /** Height of what stays at the top of the list, above its rows. */
  readonly headPx: number;
}

export type List = Virtualizer<HTMLDivElement, HTMLDivElement>;

export function useVirtual({ count, scroller, sizeOf, keyOf, headPx }: VirtualOptions): List {
  const [, render] = useReducer((n: number) => n + 1, 0);
  const options = {
    count,
    getScrollElement: () => scroller.current,
    estimateSize: sizeOf,
    getItemKey: keyOf,
    overscan: OVERSCAN_ROWS,
    scrollMargin: headPx,
    scrollPaddingStart: headPx,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    onChange: () => render(0),
  };
  const [list] = useState(() => new Virtualizer<HTMLDivElement, HTMLDivElement>(options));
  list.setOptions(options);
  // oxlint-disable no-underscore-dangle -- this is how adapters of this library begin
  useLayoutEffect(() => list._didMount(), []);
  useLayoutEffect(() => list._willUpdate());
  // oxlint-enable no-underscore-dangle
  return list;
}
