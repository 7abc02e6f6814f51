/** An answer that a view of its own asks for. */
import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { noticeRevoked } from './session.ts';

export interface Loaded<Value> {
  readonly value: Value | undefined;
  readonly error: unknown;
  /** The value is that of the question before, while this one is being answered. */
  readonly isLoading: boolean;
}

/** Asks again whenever one of `of` changes. */
export function useLoaded<Value>(
  answer: (ended: AbortSignal) => Promise<Value>,
  of: readonly unknown[],
): Signal<Loaded<Value>> {
  const loaded = useSignal<Loaded<Value>>({ value: undefined, error: undefined, isLoading: true });
  useEffect(() => {
    const ended = new AbortController();
    loaded.value = { ...loaded.peek(), isLoading: true };
    const load = async (): Promise<void> => {
      try {
        const value = await answer(ended.signal);
        if (!ended.signal.aborted) loaded.value = { value, error: undefined, isLoading: false };
      } catch (error) {
        if (ended.signal.aborted) return;
        noticeRevoked(error);
        loaded.value = { value: undefined, error, isLoading: false };
      }
    };
    void load();
    return () => ended.abort();
  }, of);
  return loaded;
}
