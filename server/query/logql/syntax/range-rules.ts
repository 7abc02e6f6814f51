/** The rules of a range of lines (`{…} | … [5m] offset 1h`), whose parts may be in several orders. */

/** Makes the value of a rule from the values of its parts. */
export type Make = (...parts: any[]) => unknown;

export type Written = readonly [left: string, right: string, make: Make];

/** The orders in which a range may have its parts. */
export function rangesOf(selector: string, pipeline: string, unwrap: string): Written[] {
  const before = [
    [selector],
    ['(', selector, ')'],
    [selector, unwrap],
    ['(', selector, unwrap, ')'],
    [selector, pipeline],
    ['(', selector, pipeline, ')'],
    [selector, pipeline, unwrap],
    ['(', selector, pipeline, unwrap, ')'],
  ];
  const after = [[unwrap], [pipeline], [pipeline, unwrap]];
  const plain = before.flatMap((parts) => [
    [...parts, 'RANGE'],
    [...parts, 'RANGE', 'offsetBy'],
  ]);
  const late = [[selector], ['(', selector, ')']].flatMap((parts) =>
    after.flatMap((rest) => [
      [...parts, 'RANGE', ...rest],
      [...parts, 'RANGE', 'offsetBy', ...rest],
    ]),
  );
  return [...plain, ...late].map((parts) => ['logRange', parts.join(' '), rangeFrom(parts)]);
}

function rangeFrom(parts: readonly string[]): Make {
  const at = (name: string): number => parts.indexOf(name);
  const [selector, pipeline, range, offset, unwrap] = ['selector', 'pipeline', 'RANGE', 'offsetBy', 'unwrapping'].map(
    at,
  );
  return (...values: any[]) => ({
    log: { kind: 'log', matchers: values[selector!], stages: pipeline! < 0 ? [] : values[pipeline!] },
    rangeNs: values[range!],
    offsetNs: offset! < 0 ? 0n : values[offset!],
    ...(unwrap! >= 0 && { unwrap: values[unwrap!] }),
  });
}
