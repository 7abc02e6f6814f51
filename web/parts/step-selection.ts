/** A chart's steps under the pointer and the keys: one is pointed at; a drag, a click or Enter zooms to some; a double click goes back. */
import { type Signal, useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useRef } from 'preact/hooks';
import { brush } from '../state/brushed.ts';

const DRAG_MIN = 4;
/** A click waits as long for a second one. */
const SECOND_CLICK_MS = 250;

export interface Steps {
  readonly count: number;
  readonly fromMs: number;
  readonly stepMs: number;
}

export interface StepSelection {
  /** The first and the last step, in any order. */
  readonly chosen: Signal<readonly [number, number] | undefined>;
  readonly pointed: Signal<number | undefined>;
  readonly handlers: Readonly<Record<string, (event: never) => void>>;
}

/** @param box  the chart, as wide as its steps */
export function useStepSelection(box: RefObject<HTMLElement | null>, { count, fromMs, stepMs }: Steps): StepSelection {
  const chosen = useSignal<readonly [number, number] | undefined>(undefined);
  const pointed = useSignal<number | undefined>(undefined);
  const dragFrom = useRef<number | undefined>(undefined);
  const clickTimer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const stepAt = (clientX: number): number => {
    const { left, width } = box.current!.getBoundingClientRect();
    return Math.min(count - 1, Math.max(0, Math.floor(((clientX - left) / width) * count)));
  };
  const zoom = ([a, b]: readonly [number, number]): void => {
    const [first, last] = a < b ? [a, b] : [b, a];
    chosen.value = undefined;
    pointed.value = undefined;
    const whole = { fromMs, toMs: fromMs + count * stepMs };
    brush({ fromMs: fromMs + first * stepMs, toMs: fromMs + (last + 1) * stepMs }, whole);
  };
  const handlers = {
    onPointerDown: (event: PointerEvent): void => {
      if (event.button !== 0) return;
      dragFrom.current = event.clientX;
      (event.currentTarget as Element).setPointerCapture(event.pointerId);
      const step = stepAt(event.clientX);
      chosen.value = [step, step];
    },
    onPointerMove: (event: PointerEvent): void => {
      pointed.value = stepAt(event.clientX);
      if (dragFrom.current !== undefined) chosen.value = [stepAt(dragFrom.current), stepAt(event.clientX)];
    },
    onPointerUp: (event: PointerEvent): void => {
      if (dragFrom.current === undefined) return;
      const isDrag = Math.abs(event.clientX - dragFrom.current) >= DRAG_MIN;
      const step = stepAt(dragFrom.current);
      dragFrom.current = undefined;
      if (isDrag) return zoom(chosen.value!);
      clearTimeout(clickTimer.current);
      // A second click goes back instead; a single step cannot be zoomed any further.
      if (count > 1) clickTimer.current = setTimeout(() => zoom([step, step]), SECOND_CLICK_MS);
      else chosen.value = undefined;
    },
    onPointerLeave: (): void => {
      pointed.value = undefined;
    },
    onPointerCancel: (): void => {
      chosen.value = undefined;
      dragFrom.current = undefined;
    },
    onDblClick: (): void => {
      clearTimeout(clickTimer.current);
      chosen.value = undefined;
      history.back();
    },
    onKeyDown: (event: KeyboardEvent): void => {
      const at = pointed.value ?? count - 1;
      const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (move !== undefined) {
        const next = Math.min(count - 1, Math.max(0, at + move));
        chosen.value = event.shiftKey ? [chosen.value?.[0] ?? at, next] : undefined;
        pointed.value = next;
      } else if (event.key === 'Enter') zoom(chosen.value ?? [at, at]);
      else if (event.key === 'Escape') chosen.value = undefined;
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
  };
  return { chosen, pointed, handlers };
}
