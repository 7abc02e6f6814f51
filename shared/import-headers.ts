/** Headers of requests that move lines from another store. */

/**
 * `true`, of a push: lines of any age are stored, and each as often as it is there. Of a query for lines: they come with what is
 * stored, without a service name or level that podlog makes.
 */
export const IMPORT_HEADER = 'podlog-import';

/** In the answer, how many lines of the push were refused; the others are stored. */
export const REFUSED_LINES_HEADER = 'podlog-refused-lines';

/** Code of an error of podlog's in an answer that is text. */
export const ERROR_CODE_HEADER = 'podlog-error-code';
