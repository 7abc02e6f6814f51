import { expect, it } from 'vitest';
import { UnavailableError } from '../../../shared/errors.ts';
import { AGGREGATE_BYTES_MAX } from '../../../server/limits.ts';
import { AggregateMemory } from '../../../server/query/aggregate-memory.ts';

it('aggregations share what memory there is, and give it back', () => {
  const memory = new AggregateMemory();
  const first = memory.share();
  first.add(AGGREGATE_BYTES_MAX);
  const second = memory.share();
  expect(() => second.add(1)).toThrow(UnavailableError);
  expect(() => second.add(1)).toThrow(
    /^aggregations and lists of fields .* retry later, or ask for fewer groups or names$/,
  );
  second[Symbol.dispose]();
  first.add(-1);
  first[Symbol.dispose]();
  expect(() => memory.share().add(AGGREGATE_BYTES_MAX)).not.toThrow();
});
