/** What may be typed next in a query: functions and stages of LogQL; labels, fields and their values as the lines of the range have them. */
import { FUNCTIONS } from '@grafana/lezer-logql';
import { counted } from '../../shared/counted.ts';
import { askJson, type Parameters } from '../../shared/client/client.ts';
import { type LogqlContext, logqlContextAt } from '../search/logql-context.ts';
import type { Offer } from './offer.ts';
import { connection } from './session.ts';
import { askRange } from './logql-answer.ts';

const OFFERS_MAX = 10;
const FIELDS_MAX = 200;

type Named = Pick<Offer, 'text' | 'insert' | 'detail'>;

const STAGES: readonly Named[] = [
  ['json', 'fields of lines of JSON'],
  ['logfmt', 'fields of lines of key=value'],
  ['podlog', 'fields of lines of any format'],
  ['pattern', 'fields by their places: "<ip> - <_> <path>"', 'pattern "'],
  ['regexp', 'fields by named groups', 'regexp "'],
  ['unpack', 'fields that a sender has packed'],
  ['line_format', 'the line anew, by a template', 'line_format "{{.'],
  ['label_format', 'a label anew: name="{{.other}}"', 'label_format '],
  ['unwrap', 'the number of a metric', 'unwrap '],
  ['decolorize', 'without colours of terminals'],
  ['drop', 'without some labels', 'drop '],
  ['keep', 'with some labels only', 'keep '],
].map(([text, detail, insert = text]) => ({ text: text!, detail: detail!, insert: insert! }));

/** Those that Grafana's list lacks. */
const MORE_FUNCTIONS: readonly Named[] = [
  ['rate_counter', 'Per-second rate of a counter that is unwrapped'],
  ['absent_over_time', '1 where no line is in the range'],
  ['sort', 'Series by their values'],
  ['sort_desc', 'Series by their values, highest first'],
  ['label_replace', 'A label made from another one'],
].map(([text, detail]) => ({ text: text!, detail: detail!, insert: `${text!}(` }));

const ALL_FUNCTIONS: readonly Named[] = [
  ...FUNCTIONS.map(({ label, documentation = '' }) => ({ text: label, detail: documentation, insert: `${label}(` })),
  ...MORE_FUNCTIONS,
];

const GROUPINGS: readonly Named[] = [
  { text: 'by', detail: 'A series for each value of some labels', insert: 'by (' },
  { text: 'without', detail: 'Without some labels', insert: 'without (' },
];

const RANGES = ['1m', '5m', '15m', '1h', '6h', '1d'].map((text) => ({ text, detail: '', insert: `${text}]` }));

/** @param filters  of the search that is shown, whose range is asked for */
export async function logqlOffers(
  text: string,
  caret: number,
  filters: Parameters,
  ended: AbortSignal,
): Promise<readonly Offer[]> {
  const context = logqlContextAt(text, caret);
  if (context === undefined) return [];
  const found = await namedIn(context, text.slice(caret), filters, ended);
  const part = context.part.toLowerCase();
  const matching = found.filter((each) => each.text.toLowerCase().includes(part) && each.text !== context.part);
  const isFirst = (each: Named): boolean => each.text.toLowerCase().startsWith(part);
  return [...matching.filter(isFirst), ...matching.filter((each) => !isFirst(each))]
    .slice(0, OFFERS_MAX)
    .map((each) => ({ ...each, start: context.start }));
}

async function namedIn(
  context: LogqlContext,
  after: string,
  filters: Parameters,
  ended: AbortSignal,
): Promise<readonly Named[]> {
  switch (context.kind) {
    case 'function':
      return context.part === '' ? [] : ALL_FUNCTIONS;
    case 'grouping':
      return GROUPINGS;
    case 'range':
      return RANGES;
    case 'label': {
      const names = await ask<readonly string[]>('labels', filters, { query: context.selector }, ended);
      return names.map((name) => ({ text: name, detail: '', insert: `${name}="` }));
    }
    case 'label-value': {
      const path = `label/${encodeURIComponent(context.name)}/values`;
      return values(await ask<readonly string[]>(path, filters, { query: context.selector }, ended), after);
    }
    case 'field-value': {
      const path = `detected_field/${encodeURIComponent(context.name)}/values`;
      const [own, ofStreams] = await Promise.all([
        ask<readonly string[]>(path, filters, { query: context.query }, ended),
        ask<readonly string[]>(`label/${encodeURIComponent(context.name)}/values`, filters, {}, ended),
      ]);
      return values([...new Set([...own, ...ofStreams])], after);
    }
    case 'field': {
      const asked = { query: context.query, limit: FIELDS_MAX };
      const [fields, labels] = await Promise.all([
        context.query === '{}' ? [] : ask<readonly DetectedField[]>('detected_fields', filters, asked, ended),
        ask<readonly string[]>('labels', filters, {}, ended),
      ]);
      const named = fields.map(({ label, type, cardinality }) => ({
        text: label,
        detail: `${type}, ${counted(cardinality, 'value')}`,
        insert: label,
      }));
      const names = new Set(named.map(({ text }) => text));
      const others = labels.filter((name) => !names.has(name));
      const ofStreams = others.map((name) => ({ text: name, detail: 'label of streams', insert: name }));
      return [...(context.withStages ? STAGES : []), ...named, ...ofStreams];
    }
  }
}

interface DetectedField {
  readonly label: string;
  readonly type: string;
  readonly cardinality: number;
}

/** @param after  the text after the caret, whose quote is kept */
function values(found: readonly string[], after: string): readonly Named[] {
  return found.map((value) => ({
    text: value,
    detail: '',
    insert: JSON.stringify(value).slice(1, -1) + (after.startsWith('"') ? '' : '"'),
  }));
}

async function ask<Answer>(
  path: string,
  filters: Parameters,
  own: Parameters,
  ended: AbortSignal,
): Promise<Answer | readonly never[]> {
  const { fromMs, toMs } = await askRange(filters, ended);
  const range = { start: `${fromMs}000000`, end: `${toMs}000000` };
  const answer = await askJson<{ data?: Answer; fields?: Answer; values?: Answer }>(
    connection(),
    `/loki/api/v1/${path}`,
    { ...range, ...own },
    ended,
  );
  return answer.data ?? answer.fields ?? answer.values ?? [];
}
