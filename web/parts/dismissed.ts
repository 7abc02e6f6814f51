/** Panels close where one presses outside of them. */
import type { Signal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';

/** Closes what is open when a pointer goes down outside of its box. */
export function useDismissed(isOpen: Signal<boolean>, box: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    if (!isOpen.value) return;
    const onDown = (event: PointerEvent): void => {
      if (box.current?.contains(event.target as Node) !== true) isOpen.value = false;
    };
    addEventListener('pointerdown', onDown);
    return () => removeEventListener('pointerdown', onDown);
  }, [isOpen.value]);
}

/** Closes a panel by Escape, which then does nothing else. */
export function closeOnEscape(event: KeyboardEvent, isOpen: Signal<boolean>): void {
  if (event.key !== 'Escape' || !isOpen.value) return;
  isOpen.value = false;
  event.stopPropagation();
}
