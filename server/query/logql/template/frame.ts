/** What the parts of a compiled template share: the state of a run, the dot, and what was found while compiling. */
import { PlacedError, TemplateError } from './errors.ts';
import type { TemplateScope } from './function.ts';
import type { Placed } from './tree.ts';
import type { Value } from './values.ts';

export interface Frame {
  readonly scope: TemplateScope;
  text: string;
  /** Variables of the template that is executed, as `root` is the dot that it was given, `$`. */
  variables: [name: string, value: Value][];
  root: Dot;
  /** Set when `break` or `continue` leaves a loop. */
  jump: 'break' | 'continue' | undefined;
  /** Templates that are being executed, one by another. */
  depth: number;
  /** Loops and templates so far. */
  steps: number;
}

/** The labels of the line, until a template needs them as one value. */
export const LABELS = Symbol('labels');
export type Dot = Value | typeof LABELS;
export type Run = (frame: Frame, dot: Dot) => void;

/** What a template uses, found while it is compiled. */
export interface Uses {
  readonly labels: Set<string>;
  isAll: boolean;
  usesLine: boolean;
  /** By name: the templates that it defines, and itself. */
  readonly runs: ReadonlyMap<string, Run>;
}

/** Runs a step whose failures are of a place. */
export function inPlace<T>(place: Placed, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof TemplateError) || error instanceof PlacedError) throw error;
    throw new PlacedError(error.message, place);
  }
}
