/** The documents lead to each other: every link has its file and its heading, and every document can be found. */
import { posix } from 'node:path';
import { expect, test } from 'vitest';
import { isCode, readRepository } from '../tidy/sources.ts';

const FILES = readRepository();
const DOCUMENTS = [...FILES.keys()].filter((path) => path.endsWith('.md'));
const README_LINES_MAX = 150;

/** Text without what is in fences, where brackets and hashes mean other things. */
const proseOf = (path: string): string => FILES.get(path)!.replaceAll(/^ *```[^]*?^ *```$/gm, '');

interface Link {
  readonly from: string;
  readonly path: string;
  readonly heading: string | undefined;
}

function linksOf(from: string): Link[] {
  const targets = [...proseOf(from).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path, heading] = target.split('#');
      return { from, path: path === '' ? from : posix.join(posix.dirname(from), path!), heading };
    });
}

/** What GitHub calls the headings of a document. */
function anchorsOf(path: string): string[] {
  return [...proseOf(path).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
}

const LINKS = DOCUMENTS.flatMap(linksOf);
const isThere = (path: string): boolean =>
  FILES.has(path) || [...FILES.keys()].some((each) => each.startsWith(`${path.replace(/\/$/, '')}/`));

test('a link leads to a file and a heading that exist', () => {
  const broken = LINKS.filter(
    ({ path, heading }) => !isThere(path) || (heading !== undefined && !anchorsOf(path).includes(heading)),
  );
  expect(broken).toEqual([]);
});

test('every document is linked from another one', () => {
  const reached = new Set(LINKS.filter(({ from, path }) => from !== path).map(({ path }) => path));
  expect(DOCUMENTS.filter((path) => path !== 'README.md' && !reached.has(path))).toEqual([]);
});

test('documents that code and manifests name exist', () => {
  const named = [...FILES].flatMap(([path, text]) =>
    isCode(path) || /\.ya?ml$|Dockerfile$/.test(path)
      ? [...text.matchAll(/\bdocs\/[a-z0-9/-]+\.md\b/g)].map(([target]) => ({ path, target }))
      : [],
  );
  expect(named.length).toBeGreaterThan(3);
  expect(named.filter(({ target }) => !FILES.has(target))).toEqual([]);
});

test(`README is read in a minute: ${README_LINES_MAX} lines at most`, () => {
  expect(FILES.get('README.md')!.split('\n').length - 1).toBeLessThanOrEqual(README_LINES_MAX);
});
