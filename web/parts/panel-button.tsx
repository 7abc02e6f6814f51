/** A button, and the panel that it opens beside it. */
import type { Signal } from '@preact/signals';
import type { ComponentChildren, RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

export interface PanelButtonProps {
  readonly isOpen: Signal<boolean>;
  readonly panel: () => ComponentChildren;
  /** The class of the button. */
  readonly class?: string;
  /** Where its text is not shown everywhere. */
  readonly label?: string;
  readonly isOnPhone?: boolean;
  readonly children: ComponentChildren;
}

/** The panel closes by Escape, which then does nothing else, and when a pointer goes down outside of it. */
export function PanelButton({
  isOpen,
  panel,
  class: buttonClass = 'button',
  label,
  isOnPhone = true,
  children,
}: PanelButtonProps) {
  const box = useRef<HTMLDivElement>(null);
  useDismissed(isOpen, box);
  return (
    <div class={isOnPhone ? 'panel-box' : 'panel-box not-phone'} ref={box}>
      <button
        type="button"
        class={buttonClass}
        aria-label={label}
        aria-haspopup="dialog"
        aria-expanded={isOpen.value}
        onClick={() => (isOpen.value = !isOpen.value)}
      >
        {children}
      </button>
      {isOpen.value && panel()}
    </div>
  );
}

function useDismissed(isOpen: Signal<boolean>, box: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    if (!isOpen.value) return;
    const onDown = (event: PointerEvent): void => {
      if (box.current?.contains(event.target as Node) !== true) isOpen.value = false;
    };
    // Wherever the focus is: a button of the panel may have removed itself.
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape') return;
      isOpen.value = false;
      event.stopPropagation();
    };
    addEventListener('pointerdown', onDown);
    addEventListener('keydown', onKey, true);
    return () => {
      removeEventListener('pointerdown', onDown);
      removeEventListener('keydown', onKey, true);
    };
  }, [isOpen.value]);
}
