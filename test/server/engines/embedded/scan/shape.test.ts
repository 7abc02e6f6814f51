/** Shapes of values, and those of patterns: what is an id in them is folded. */
import fc from '../../../../fast-check.ts';
import { expect, it, test } from 'vitest';
import { PatternCutter } from '../../../../../shared/row-group/encodings/pattern-cutter.ts';
import { shapeOf } from '../../../../../server/engines/embedded/scan/shape.ts';
import { shapeCodesOf } from '../../../../../server/engines/embedded/scan/shape-codes.ts';
import { shapeOfText } from '../../../../../shared/shape-of-text.ts';

test.each([
  ['/users/17', '/users/{id}'],
  ['/users/17/orders/00412.json', '/users/{id}/orders/{id}.json'],
  ['/f/9b2c04fe/x', '/f/{id}/x'],
  ['/f/9B2C04FE', '/f/{id}'],
  ['/f/feedface', '/f/feedface'],
  ['/f/9b2c04f', '/f/{id}b2c04f'],
  ['/f/9b2c04fez', '/f/{id}b2c04fez'],
  ['/0b5cdef0-77aa-4aaa-8bbb-0cccccccdddd/a', '/{id}/a'],
  ['/abcdefab-cdef-abcd-efab-cdefabcdefab', '/{id}'],
  ['/v2/login', '/v2/login'],
  ['/v10/login/17', '/v10/login/{id}'],
  ['/user17/user123', '/user17/user{id}'],
  ['took 150ms', 'took {id}ms'],
  ['user_17', 'user_{id}'],
  ['/caf%C3%A9/%20', '/caf%C3%A9/%20'],
  ['/a%2F12/b%2f9b2c04fe/%2', '/a%2F{id}/b%2f{id}/%{id}'],
  ['/%zz1/%1', '/%zz1/%{id}'],
  ['/search?q=17&page=2', '/search'],
  ['/users/17?', '/users/{id}'],
  ['/?a=/b?c', '/'],
  ['https://shop.example/orders/17?x=1', 'https://shop.example/orders/{id}'],
  ['http:/a?1', 'http:/a?{id}'],
  ['what? 17', 'what? {id}'],
  ['-5', '-{id}'],
  ['/login', '/login'],
  ['', ''],
])('the shape of %s', (value, shape) => {
  const bytes = Buffer.from(`<${value}>`);
  expect((shapeOf(bytes, 1, bytes.length - 1) ?? Buffer.from(value)).toString()).toBe(shape);
  expect(shapeOfText(value)).toBe(shape);
});

const piece = fc.oneof(
  fc.nat().map(String),
  fc.constantFrom(
    '/',
    '-',
    'a',
    'fe',
    'z',
    '?',
    'https://',
    'v',
    '7',
    '042',
    '%',
    '%C3',
    '%20',
    'é',
    '00',
    'deadbeef',
    '9b2c04fe',
    '0b5cdef0-77aa-4aaa-8bbb-0cccccccdddd',
  ),
);

it('of texts and of their patterns are what a regular expression makes of them', () => {
  const cutter = new PatternCutter();
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const value = pieces.join('');
      const bytes = Buffer.from(value);
      const want = shapeOfText(value);
      expect((shapeOf(bytes, 0, bytes.length) ?? bytes).toString()).toBe(want);
      const cut = cutter.cutAny({ bytes, starts: Int32Array.of(0), ends: Int32Array.of(bytes.length), count: 1 });
      const byShape = cut && shapeCodesOf(cut, false);
      if (byShape !== undefined) expect(byShape.shapes[byShape.codes[0]!]!.toString()).toBe(want);
    }),
    { numRuns: 2000 },
  );
});
