/** Numbers of the labels that are unwrapped. */
import { parseGoFloat, problemOf } from '../pipeline/label-filter.ts';
import type { Conversion } from '../syntax/ast.ts';
import { parseBytes, parseGoDuration } from '../syntax/durations.ts';

export type Converted = { readonly value: number } | { readonly problem: string };

/** Converts a value; durations become seconds. */
export function converted(text: string, conversion: Conversion | undefined): Converted {
  switch (conversion) {
    case undefined: {
      const value = parseGoFloat(text);
      return value === undefined ? { problem: problemOf('number', text) } : { value };
    }
    case 'bytes': {
      const value = parseBytes(text);
      return value === undefined ? { problem: problemOf('bytes', text) } : { value };
    }
    case 'duration':
    case 'duration_seconds': {
      const ns = parseGoDuration(text);
      return ns === undefined ? { problem: problemOf('duration', text) } : { value: Number(ns) / 1e9 };
    }
  }
}
