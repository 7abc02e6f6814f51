/** What lies over the page. */
import { signal } from '@preact/signals';

/** Values beside the lines, where there is no room for them. */
export const isFacetsOpen = signal(false);
export const isKeysOpen = signal(false);
export const isTimeOpen = signal(false);
export const isDownloadOpen = signal(false);
export const isPaletteOpen = signal(false);
/** Counts changes of the saved views. */
export const savedCount = signal(0);
/** What is typed between the key that opens the palette and its field. */
export const typedAhead = signal('');
