import { expect, test } from 'vitest';
import { createLog } from '../../cli/log.ts';

function logged(isTTY: boolean, env: Record<string, string>): string {
  let text = '';
  const log = createLog('info', { isTTY, write: (chunk) => (text += chunk) }, env);
  log.debug('not shown');
  log.info({ url: 'http://127.0.0.1:3100', sizeBytes: 7, path: 'a b' }, 'listening');
  log.error({ err: new Error('no luck') }, 'flush failed');
  return text;
}

test('in a pipe: JSON with the field names of zerolog', () => {
  const [first, second] = logged(false, {}).trimEnd().split('\n');
  expect(first).toMatch(
    /^\{"level":"info","time":"[^"]+Z","url":"http:\/\/127.0.0.1:3100","sizeBytes":7,"path":"a b","message":"listening"\}$/,
  );
  expect(second).toContain('"stack":"Error: no luck');
});

test.each([[{ NO_COLOR: '1' }], [{ TERM: 'dumb' }]])('on a terminal, without color: %j', (env) => {
  expect(logged(true, env)).toMatch(
    /^\d\d:\d\d:\d\d info {2}listening url=http:\/\/127.0.0.1:3100 sizeBytes=7 path="a b"\n\d\d:\d\d:\d\d error flush failed err="no luck"\n$/,
  );
});

test('on a terminal: color, and an empty NO_COLOR counts as none', () => {
  expect(logged(true, {})).toContain('\x1b[31merror\x1b[0m flush failed');
  expect(logged(true, { NO_COLOR: '' })).toContain('\x1b[');
});
