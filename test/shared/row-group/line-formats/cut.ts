/** A line as a shredder cuts it, for tests. */
import { KIND_STRING } from '../../../../shared/row-group/format.ts';
import { Shredder } from '../../../../shared/row-group/shredder.ts';
import type { Parser } from '../../../../shared/row-group/line-formats/cut-text.ts';

export interface Cut {
  readonly literals: readonly string[];
  /** Field, whether it is between quotes, value. */
  readonly values: readonly (readonly [string, boolean, string])[];
}

/** @param around  stands before and behind the line in memory */
export function cut(line: string, parser: Parser = 'auto', shredder = new Shredder(), around = ['', '']): Cut {
  const [before, behind] = around.map((text) => Buffer.from(text));
  const bytes = Buffer.concat([before!, Buffer.from(line), behind!]);
  const id = shredder.shred(bytes, before!.length, bytes.length - behind!.length, parser);
  const { literals, slots } = shredder.templates[id]!;
  return {
    literals: literals.map(String),
    values: slots.map(({ field, kind }, i) => [
      field,
      kind === KIND_STRING,
      bytes.toString('utf8', shredder.starts[i], shredder.ends[i]),
    ]),
  };
}

export function joined({ literals, values }: Cut): string {
  return literals.map((literal, i) => literal + (values[i]?.[2] ?? '')).join('');
}
