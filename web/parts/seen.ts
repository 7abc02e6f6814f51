/** Whether an element has been in sight, or almost: what is far down a page is asked for when somebody gets there. */
import { type Signal, useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';

const AHEAD_PX = 200;

export function useSeen(element: RefObject<HTMLElement | null>): Signal<boolean> {
  const isSeen = useSignal(false);
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        isSeen.value = true;
        observer.disconnect();
      },
      { rootMargin: `${AHEAD_PX}px` },
    );
    observer.observe(element.current!);
    return () => observer.disconnect();
  }, []);
  return isSeen;
}
