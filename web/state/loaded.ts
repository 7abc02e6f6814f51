/** An answer that a view of its own asks for. */
import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { noticeRevoked } from './session.ts';

export interface Loaded<Value> {
  readonly value: Value | undefined;
  readonly error: unknown;
}

/** Asks again whenever one of `of` changes. */
export function useLoaded<Value>(
  answer: (ended: AbortSignal) => Promise<Value>,
  of: readonly unknown[],
): Signal<Loaded<Value>> {
  const loaded = useSignal<Loaded<Value>>({ value: undefined, error: undefined });
  useEffect(() => {
    const ended = new AbortController();
    const load = async (): Promise<void> => {
      try {
        const value = await answer(ended.signal);
        if (!ended.signal.aborted) loaded.value = { value, error: undefined };
      } catch (error) {
        if (ended.signal.aborted) return;
        noticeRevoked(error);
        loaded.value = { value: undefined, error };
      }
    };
    void load();
    return () => ended.abort();
  }, of);
  return loaded;
}
