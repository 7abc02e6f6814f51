/** How a value is selected by the search text. */
export type Selection = 'none' | 'included' | 'excluded';
