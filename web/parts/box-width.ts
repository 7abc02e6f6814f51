/** The width of an element, as its chart needs it. */
import { type Signal, useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';

const FIRST = 800;
const LEAST = 100;

export function useBoxWidth(box: RefObject<HTMLElement | null>): Signal<number> {
  const width = useSignal(FIRST);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => (width.value = Math.max(LEAST, entry!.contentRect.width)));
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  return width;
}
