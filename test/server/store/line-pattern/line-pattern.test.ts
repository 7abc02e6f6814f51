/** Which values of a line make its pattern. */
import { expect, test } from 'vitest';
import { KIND_STRING } from '../../../../shared/row-group/format.ts';
import { METHOD_NAMES, PATH_NAMES } from '../../../../shared/request-names.ts';
import { patternSlots } from '../../../../server/store/line-pattern/line-pattern.ts';

function slotsOf(...fields: readonly string[]): ReturnType<typeof patternSlots> {
  return patternSlots({ count: fields.length, fields, kinds: fields.map(() => KIND_STRING) });
}

test('a request has its method and path by every name that rows and routes know', () => {
  for (const name of METHOD_NAMES) expect(slotsOf('path', name), name).toMatchObject({ method: 1, path: 0 });
  for (const name of PATH_NAMES) expect(slotsOf('method', name), name).toMatchObject({ method: 0, path: 1 });
});

test('a path that a request has counts before that of its route', () => {
  expect(slotsOf('http.route', 'url')).toMatchObject({ path: 1 });
});
