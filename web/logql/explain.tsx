/** What becomes of a query: what the store decides, what is left for its stages, and what was read. */
import type {
  ExplainedCondition,
  ExplainedPart,
  ExplainedRead,
  ExplainedRun,
  ExplainedSelection,
} from '../../shared/client/answers.ts';
import { AnswerError } from '../../shared/client/client.ts';
import { count, counted } from '../../shared/counted.ts';
import { durationText, sizeText } from '../../shared/readable-line/measures.ts';
import { Fact } from '../parts/fact.tsx';
import { Failure } from '../parts/failure.tsx';
import { rangeText } from '../state/clock.ts';
import { useLoaded } from '../state/loaded.ts';
import { located } from '../search/logql-place.ts';
import { askExplained } from '../state/logql-answer.ts';
import { question } from '../state/navigation.ts';
import { asked, PAGE_LINES } from '../state/search.ts';
import { Mistake } from '../lines/found-lines.tsx';
import './logql.css';

export function Explain() {
  const { order } = question.value;
  const loaded = useLoaded((ended) => askExplained(asked.peek(), order, PAGE_LINES, ended), [asked.value, order]);
  const { value, error } = loaded.value;
  // A mistake with a place in the query is shown there.
  if (error instanceof AnswerError && located(error, String(asked.value['search'])).position !== undefined)
    return <Mistake />;
  if (error !== undefined) return <Failure what="The explanation" error={error} />;
  if (value === undefined) return <div class="skeleton-lines" aria-busy="true" />;
  return (
    <div class="metric explain" role="region" aria-label="Explain" tabIndex={0}>
      <Totals total={value.total} />
      {value.selections.map((selection, i) => (
        <SelectionPart key={i} selection={selection} />
      ))}
      {value.reads.length > 0 && <Reads reads={value.reads} />}
    </div>
  );
}

function Totals({ total }: Pick<ExplainedRun, 'total'>) {
  const { row_groups: groups, bytes, lines_read: lines, line_bytes_read: lineBytes } = total;
  return (
    <dl class="facts">
      {groups !== undefined && <Fact name="Row groups read">{part(groups, count)}</Fact>}
      {bytes !== undefined && <Fact name="Read from files">{part(bytes, sizeText)}</Fact>}
      <Fact name="Lines through the stages">
        {count(lineBytes === 0 ? 0 : lines)}
        {lineBytes > 0 && <span class="dim"> {sizeText(lineBytes)}</span>}
      </Fact>
      {lineBytes === 0 && lines > 0 && <Fact name="Lines counted in columns">{count(lines)}</Fact>}
      <Fact name="In the answer">
        {total.lines === undefined ? counted(total.series ?? 0, 'series', 'series') : counted(total.lines, 'line')}
      </Fact>
      <Fact name="Took">{durationText(total.took_ms * 1e6)}</Fact>
    </dl>
  );
}

function part({ read, considered }: ExplainedPart, text: (value: number) => string) {
  return (
    <>
      {text(read)} <span class="dim">of {text(considered)}</span>
    </>
  );
}

const DECIDED_BY: Readonly<Record<ExplainedCondition['by'][number], string>> = {
  labels: 'labels, for whole streams',
  columns: 'columns of fields',
  text: 'the text of lines',
};

function SelectionPart({ selection: { lines, conditions, stages } }: { readonly selection: ExplainedSelection }) {
  return (
    <section>
      <h2>
        <code>{lines}</code>
      </h2>
      {conditions.length > 0 && (
        <table class="table">
          <thead>
            <tr>
              <th scope="col" class="left">
                The store keeps lines with
              </th>
              <th scope="col" class="left">
                Decided by
              </th>
            </tr>
          </thead>
          <tbody>
            {conditions.map(({ condition, by }) => (
              <tr key={condition}>
                <td class="left mono">
                  <bdi>{condition}</bdi>
                </td>
                <td class="left">{by.map((each) => DECIDED_BY[each]).join(' or ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {stages.length === 0 ? (
        <p class="dim">Each of these lines counts: no stage is left to be run on them.</p>
      ) : (
        <>
          <p class="dim">These stages then run on each of these lines:</p>
          <ol>
            {stages.map((stage, i) => (
              <li key={i}>
                <code>{stage}</code>
              </li>
            ))}
          </ol>
        </>
      )}
    </section>
  );
}

const WHAT: Readonly<Record<ExplainedRead['what'], string>> = {
  lines: 'Lines',
  columns: 'Columns alone',
  labels: 'Labels of streams',
};

function Reads({ reads }: Pick<ExplainedRun, 'reads'>) {
  const withSizes = reads.some(({ row_groups: groups }) => groups !== undefined);
  return (
    <section>
      <h2>What was read</h2>
      <table class="table">
        <thead>
          <tr>
            <th scope="col" class="left">
              Read
            </th>
            <th scope="col" class="left not-phone">
              Range
            </th>
            {withSizes && (
              <th scope="col" class="not-phone">
                Row groups
              </th>
            )}
            {withSizes && <th scope="col">From files</th>}
            <th scope="col">Lines</th>
            <th scope="col">Took</th>
          </tr>
        </thead>
        <tbody>
          {reads.map((read, i) => (
            <tr key={i}>
              <th scope="row" class="left">
                {WHAT[read.what]}
              </th>
              <td class="left not-phone">{timesOf(read)}</td>
              {withSizes && <td class="not-phone">{read.row_groups !== undefined && part(read.row_groups, count)}</td>}
              {withSizes && <td>{read.bytes !== undefined && part(read.bytes, sizeText)}</td>}
              <td>{read.what === 'lines' ? count(read.rows_matched) : <span class="dim">–</span>}</td>
              <td>{durationText(read.took_ms * 1e6)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function timesOf({ since, until }: ExplainedRead): string {
  return since === undefined || until === undefined ? 'any time' : rangeText(Date.parse(since), Date.parse(until));
}
