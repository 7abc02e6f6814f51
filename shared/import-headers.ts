/** Headers of pushes that move lines from another store. */

/** `true`: lines of any age are stored, and each as often as it is there. */
export const IMPORT_HEADER = 'podlog-import';

/** In the answer, how many lines of the push were refused; the others are stored. */
export const REFUSED_LINES_HEADER = 'podlog-refused-lines';
