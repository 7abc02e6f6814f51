/** Pages of an import, from a Loki that is a list of lines and has limits: each line is in one page, whatever the limits are. */
import fc from '../../fast-check.ts';
import { expect, test } from 'vitest';
import { type Ask, type Asker, RefusedError } from '../../../cli/import/endpoint.ts';
import { type Page, PageReader } from '../../../cli/import/pages.ts';
import { AnswerTooLongError, type BoundedAnswer } from '../../../shared/bounded-request.ts';

interface Kept {
  readonly app: string;
  readonly zone: string;
  readonly ns: bigint;
  readonly line: string;
}

interface Limits {
  /** Lines of an answer that has not too many bytes. */
  readonly linesMax: number;
  readonly rangeMax: bigint;
  readonly tooLong: 'in the client' | 'in Loki';
}

const PAGE_LINES = 20;

function answerOf(data: unknown): BoundedAnswer {
  return { status: 200, headers: {}, body: Buffer.from(JSON.stringify({ data })) };
}

/** Knows `{}`, for all streams, and selectors by labels. */
function lokiOf(lines: readonly Kept[], { linesMax, rangeMax, tooLong }: Limits): Asker {
  const sorted = lines.toSorted((a, b) => Number(a.ns - b.ns));
  const labelsOf = ({ app, zone }: Kept) => ({ app, ...(zone !== '' && { zone }) });
  const within = (query: URLSearchParams, selector: string): Kept[] => {
    const pairs = [...selector.matchAll(/(\w+)="(\w*)"/g)];
    return sorted.filter(
      (kept) =>
        kept.ns >= BigInt(query.get('start')!) &&
        kept.ns < BigInt(query.get('end')!) &&
        pairs.every(([, name, value]) => kept[name as 'app' | 'zone'] === value),
    );
  };
  const ask: Asker['ask'] = async ({ path }, _, failed): Promise<BoundedAnswer> => {
    const query = new URL(path, 'http://loki').searchParams;
    if (path.includes('/series')) return answerOf(within(query, query.get('match[]')!).map(labelsOf));
    if (BigInt(query.get('end')!) - BigInt(query.get('start')!) > rangeMax) {
      throw new RefusedError('Loki', '', 400, 'the query time range exceeds the limit (query length: 2, limit: 1)');
    }
    const found = within(query, query.get('query')!).slice(0, Number(query.get('limit')));
    const isOneStream = query.get('query') !== '{}';
    if (found.length > linesMax && !isOneStream) {
      if (tooLong === 'in the client') throw new AnswerTooLongError('too long');
      const next: Ask = failed!('it answers with 500: rpc error: code = ResourceExhausted');
      return ask(next, undefined, failed);
    }
    return answerOf({ result: found.map((kept) => ({ stream: labelsOf(kept), values: [[`${kept.ns}`, kept.line]] })) });
  };
  return { ask };
}

function textsOf({ streams }: Page): string[] {
  return streams.flatMap(({ labels, lines }) =>
    lines.map(({ timestamp, line }) => `${labels['app']} ${labels['zone'] ?? ''} ${timestamp} ${line}`),
  );
}

const HOUR = 3_600_000_000_000n;
const END = 48n * HOUR;

test('each line is in one page, and a page that is read again is the same', async () => {
  const kept = fc.record({
    app: fc.constantFrom('a', 'b', 'c'),
    zone: fc.constantFrom('', 'z'),
    // Many lines have one of few times, in runs and far apart.
    ns: fc.oneof(
      fc.constantFrom(0n, 1n, HOUR, HOUR + 1n, END - 1n),
      fc.bigInt({ min: 2n * HOUR, max: 2n * HOUR + 30n }),
      fc.bigInt({ min: 0n, max: END - 1n }),
    ),
  });
  const limits = fc.record({
    linesMax: fc.integer({ min: 1, max: PAGE_LINES }),
    rangeMax: fc.constantFrom(HOUR / 7n, HOUR, END),
    tooLong: fc.constantFrom('in the client' as const, 'in Loki' as const),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(kept, { maxLength: 100 }), limits, async (all, limit) => {
      const lines = all.map((each, n): Kept => ({ ...each, line: String(n) }));
      const ofOne = Map.groupBy(lines, ({ app, zone, ns }) => `${app} ${zone} ${ns}`);
      fc.pre([...ofOne.values()].every(({ length }) => length < PAGE_LINES));
      const loki = lokiOf(lines, limit);
      const reader = new PageReader(loki, PAGE_LINES);
      const found: string[] = [];
      for (let start = 0n; start < END;) {
        const page = await reader.read('{}', { start, end: END });
        expect(page.start).toBe(start);
        expect(page.end).toBeGreaterThan(start);
        const again = await new PageReader(loki, PAGE_LINES).readAgain('{}', { start, end: page.end });
        if (limit.rangeMax >= END && limit.linesMax >= PAGE_LINES) expect(again).toEqual(page);
        found.push(...textsOf(page));
        start = page.end;
      }
      const wanted = lines.map(({ app, zone, ns, line }) => `${app} ${zone} ${ns} ${line}`);
      expect(found.toSorted()).toEqual(wanted.toSorted());
    }),
    { numRuns: 200 },
  );
});

test('while Loki fails less is asked for, but not of a page that is read again', async () => {
  const endsOf = async (read: (reader: PageReader) => Promise<Page>): Promise<bigint> => {
    const ask: Asker['ask'] = async (first, _, failed) => {
      failed!('it answers with 503: busy');
      failed!('it answers with 503: busy');
      expect(first.path).toContain('limit=20');
      return answerOf({ result: [] });
    };
    return (await read(new PageReader({ ask }, PAGE_LINES))).end;
  };
  const range = { start: 0n, end: END };
  expect(await endsOf((reader) => reader.read('{}', range))).toBe(HOUR / 4n);
  expect(await endsOf((reader) => reader.readAgain('{}', range))).toBe(END);
});
