/** The table of the agent's checks names tests that exist, and has a row for each check. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const CHECK_COUNT = 30;
const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const TABLE = read('agent/CHECKS.md');

/** Files of tests in the text, each with the titles that follow it up to the next file or the end of the cell. */
function namedTests(text: string): { readonly path: string; readonly titles: readonly string[] }[] {
  const named = [...text.replaceAll(/\s+/g, ' ').matchAll(/(e2e [a-z]+|[a-z/-]+\.test\.ts):((?: `[^`]+`,?)+)/g)];
  return named.map(([, file, titles]) => ({
    path: file!.startsWith('e2e ')
      ? `e2e/${file!.slice('e2e '.length)}.e2e.test.ts`
      : file!.includes('/')
        ? file!
        : `agent/${file!}`,
    titles: [...titles!.matchAll(/`([^`]+)`/g)].map(([, title]) => title!),
  }));
}

test('every check has its row, and all but those that need Kubernetes have a test', () => {
  const rows = TABLE.split('\n').filter((line) => /^\| +\d+ /.test(line));
  expect(rows.map((row) => Number(row.split('|')[1]))).toEqual(Array.from({ length: CHECK_COUNT }, (_, i) => i + 1));
  for (const row of rows) expect(namedTests(row).length > 0 || row.includes('| with kubernetes'), row).toBe(true);
});

test('every test that the table names exists', () => {
  const named = namedTests(TABLE);
  expect(named.length).toBeGreaterThan(CHECK_COUNT);
  const missing = named.flatMap(({ path, titles }) => {
    const text = read(path);
    return titles.filter((title) => !text.includes(`'${title}`)).map((title) => `${path}: ${title}`);
  });
  expect(missing).toEqual([]);
});
