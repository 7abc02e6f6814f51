/** Says that the browser has no network: what is loaded stays usable. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

export function OfflineBar() {
  const isOffline = useSignal(!navigator.onLine);
  useEffect(() => {
    const onChange = (): void => void (isOffline.value = !navigator.onLine);
    addEventListener('online', onChange);
    addEventListener('offline', onChange);
    return () => {
      removeEventListener('online', onChange);
      removeEventListener('offline', onChange);
    };
  }, []);
  if (!isOffline.value) return null;
  return (
    <div class="offline-bar" role="status">
      No network. What is loaded stays usable.
    </div>
  );
}
