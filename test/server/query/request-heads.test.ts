/** A store that is asked for heads finds every line that is one. */
import { expect, test } from 'vitest';
import { isMethod, isPath, isStatus } from '../../../shared/request-names.ts';
import { MAY_BE_HEAD } from '../../../server/query/request-heads.ts';
import { isWanted } from '../store/naive-search.ts';

const METHODS = ['GET', 'get', 'Patch', 'FETCH', 'GETS', ' GET', 'GET\n', ''];
const PATHS = ['/', '/a b', 'http://a', 'HTTPS://A/b', 'a/b', 'ftp://a', 'xhttp://a', 'http:/a', ''];
const STATUSES = ['200', '599', '100', '99', '600', '1000', '0200', 'ok', '-200', ''];

function isAsked(fields: Readonly<Record<string, string>>): boolean {
  const line = { instant: 0n, labels: {}, run: undefined, text: JSON.stringify(fields) };
  return isWanted(line, { from: undefined, to: undefined, where: MAY_BE_HEAD });
}

test.each([
  ['method', 'path', 'status'],
  ['request_method', 'req.url', 'res.statusCode'],
])('%s, %s and %s', (method, path, status) => {
  for (const m of METHODS) {
    for (const p of PATHS) {
      for (const s of STATUSES) {
        const line = { [method]: m, [path]: p, [status]: s };
        const heads = [isMethod(m), isPath(p), isStatus(s)].filter(Boolean).length >= 2;
        // A number that is not written as a status may seem to be one.
        const mayBe = [isMethod(m), isPath(p), isStatus(s) || s === '0200'].filter(Boolean).length >= 2;
        expect(isAsked(line), JSON.stringify(line)).toBe(heads || mayBe);
      }
    }
  }
});
