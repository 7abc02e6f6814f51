/** Parts of the page whose code is asked for when they are first shown, so that the first load stays small. */
import { useSignal } from '@preact/signals';
import type { ComponentType, VNode } from 'preact';
import { useEffect } from 'preact/hooks';

const PANE = <div class="skeleton-lines" aria-busy="true" />;

/**
 * Returns a component that shows an empty pane until its code is here, which is once for the life of the page.
 * @param meanwhile  what is shown instead of the pane
 */
export function lazy<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  meanwhile: VNode | null = PANE,
): ComponentType<Props> {
  let Loaded: ComponentType<Props> | undefined;
  return function Lazy(props: Props) {
    const state = useSignal<'loading' | 'loaded' | 'failed'>(Loaded === undefined ? 'loading' : 'loaded');
    useEffect(() => {
      if (Loaded !== undefined) return;
      const wait = async (): Promise<void> => {
        try {
          Loaded = await load();
          state.value = 'loaded';
        } catch {
          state.value = 'failed';
        }
      };
      void wait();
    }, []);
    if (state.value === 'failed') return <Missing />;
    return Loaded === undefined ? meanwhile : <Loaded {...props} />;
  };
}

/** An upgraded server has no files of the page that was loaded before. */
function Missing() {
  return (
    <div class="failure" role="alert">
      <span>
        <b>This part of the page could not be loaded.</b> The server does not answer, or has been upgraded since.
      </span>
      <button type="button" class="button" onClick={() => location.reload()}>
        Load the page again
      </button>
    </div>
  );
}
