/** What is derived from a row group and kept with its decoded parts (shared/row-group/decoded-cache.ts): a number each. */
import { PART_DERIVED } from '../../../../shared/row-group/decoded-cache.ts';

export const PART_PATTERNS = PART_DERIVED;
export const PART_STREAM_KEYS = PART_DERIVED + 1;
export const PART_TEMPLATE_BYTES = PART_DERIVED + 2;
