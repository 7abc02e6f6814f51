import { expect, test } from 'vitest';
import { filterPattern } from '../../../../server/query/logql/line-patterns.ts';
import { fits } from '../../../../server/query/logql/pipeline/pattern.ts';
import { filterPatternProblem, parsePatternText } from '../../../../server/query/logql/syntax/pattern-text.ts';

test.each([
  ['retry ⟨n⟩ of ⟨n⟩', 'retry 3 of 5', 'retry <_> of <_>'],
  ['started', 'started', 'started'],
  ['took ⟨n⟩⟨text⟩ ms', 'took 5"x" ms', 'took <_> ms'],
  ['order ⟨n⟩ failed', '{"message":"order 5 failed"}', '<_>order <_> failed<_>'],
  ['Starting', 'I1123 12:00:00.000000 1 main.go:5] Starting', '<_>Starting'],
  ['GET /api/⟨n⟩', '{"method":"GET","path":"/api/5"}', '<_>GET<_>/api/<_>'],
  ['read <name> of ⟨n⟩', 'read <name> of 7', 'read <_> of <_>'],
  ['a very long one…', 'a very long one that goes on', 'a very long one<_>'],
] as const)('%j of a line %j is %j', (text, line, want) => {
  const pattern = filterPattern(text, line);
  expect(pattern).toBe(want);
  expect(filterPatternProblem(parsePatternText(pattern))).toBeUndefined();
  expect(fits(parsePatternText(pattern), line)).toBe(true);
});

test('a pattern that is nowhere in its line is still one', () => {
  expect(filterPattern('{active, idle}', '{"idle":1,"active":2}')).toBe('{active, idle}');
  expect(filterPattern('⟨n⟩', '')).toBe('<_>');
});
