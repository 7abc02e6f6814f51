/** Preferred numbers (ISO 3, R10): ten edges of buckets for each power of ten, so that each can be read and typed. */
export const EDGES_PER_DECADE: readonly number[] = [1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8];
