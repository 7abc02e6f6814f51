/**
 * Which fields of an app's lines say what was asked, how it ended and how long it took: guessed from the names that lines have and
 * from the values of some lines, unless the address says it.
 */
import type { FieldValues } from '../../shared/client/answers.ts';
import { numberOf } from '../../shared/quantity.ts';
import type { Field } from '../../shared/readable-line/segment.ts';
import {
  DURATION_NAMES,
  durationMsOf,
  isMethod,
  isPath,
  isStatus,
  METHOD_NAMES,
  PATH_NAMES,
  STATUS_NAMES,
} from '../../shared/request-names.ts';
import { unitOfName } from '../../shared/unit-of-name.ts';
import { areDurationTexts } from '../search/duration-texts.ts';

export type Role = 'path' | 'method' | 'status' | 'duration';
export const ROLES: readonly Role[] = ['path', 'method', 'status', 'duration'];

/** Names of fields; undefined where lines have none. */
export type RequestFields = Readonly<Record<Role, string | undefined>> & { readonly unit: DurationUnit };

/** How values of the duration become milliseconds. */
export interface DurationUnit {
  /** What one is: `latency_ms` is in milliseconds; undefined where nothing says it. */
  readonly ms: number | undefined;
  /** Values have units of their own, as `1.5s`: their measures are in seconds. */
  readonly isText: boolean;
}

interface Candidates {
  readonly names: readonly string[];
  readonly isValue: (value: string, name: string) => boolean;
}

const CANDIDATES: Readonly<Record<Role, Candidates>> = {
  path: { names: PATH_NAMES, isValue: isPath },
  method: { names: METHOD_NAMES, isValue: isMethod },
  status: { names: STATUS_NAMES, isValue: isStatus },
  duration: { names: DURATION_NAMES, isValue: isDuration },
};

const NO_UNIT: DurationUnit = { ms: undefined, isText: false };

/** The names of paths that lines have, those of most lines first. */
export function pathNames(counts: readonly FieldValues[]): readonly string[] {
  const own = counts.filter(({ name, values = [], distinct_is_minimum: areMany = false }) => {
    const isKnown = PATH_NAMES.includes(name);
    return isKnown && (areMany || values.length === 0 || values.some(({ value }) => isPath(value)));
  });
  return own.toSorted((a, b) => b.rows - a.rows || rankOf(a.name) - rankOf(b.name)).map(({ name }) => name);
}

const rankOf = (name: string): number => PATH_NAMES.indexOf(name);

/**
 * @param samples  fields of some lines that have the path
 * @param chosen  names that the address has
 */
export function requestFields(
  path: string | undefined,
  samples: readonly (readonly Field[])[],
  chosen: Readonly<Record<string, string>>,
): RequestFields {
  const of = (role: Role): string | undefined => chosen[role] ?? guess(CANDIDATES[role], samples);
  const duration = of('duration');
  return {
    path: chosen['path'] ?? path,
    method: of('method'),
    status: of('status'),
    duration,
    unit: duration === undefined ? NO_UNIT : unitOf(duration, valuesOf(duration, samples)),
  };
}

/** The name that most of the lines have with a value of this kind. */
function guess({ names, isValue }: Candidates, samples: readonly (readonly Field[])[]): string | undefined {
  let best: { readonly name: string; readonly lines: number } | undefined;
  for (const name of names) {
    const lines = valuesOf(name, samples).filter((value) => isValue(value, name)).length;
    if (lines > (best?.lines ?? 0)) best = { name, lines };
  }
  return best?.name;
}

function valuesOf(name: string, samples: readonly (readonly Field[])[]): string[] {
  return samples.flatMap((fields) => fields.findLast((field) => field.name === name)?.value ?? []);
}

function isDuration(value: string, name: string): boolean {
  return durationMsOf(name, value) !== undefined || !Number.isNaN(numberOf(value));
}

function unitOf(name: string, values: readonly string[]): DurationUnit {
  if (areDurationTexts(values)) return { ms: 1e3, isText: true };
  const known = durationMsOf(name, '1');
  if (known !== undefined) return { ms: known, isText: false };
  const unit = unitOfName(name);
  return unit?.kind === 'duration' ? { ms: unit.size / 1e6, isText: false } : NO_UNIT;
}

/** Milliseconds as a condition on the duration has them: `500`, `0.5s`. */
export function operandOf(ms: number, { ms: unitMs, isText }: DurationUnit): string {
  // A unit that is not known is shown as it is.
  return isText ? `${plain(ms)}ms` : plain(ms / (unitMs ?? 1));
}

/** Without an exponent, and without digits that are only of the division. */
function plain(value: number): string {
  return String(Number(value.toPrecision(12)));
}
