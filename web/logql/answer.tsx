/** The answer to a LogQL query: lines, shown like any others, or a metric. */
import { Histogram } from '../parts/histogram.tsx';
import { Summary } from '../parts/summary.tsx';
import { isOfLines } from '../search/is-logql.ts';
import { question } from '../state/navigation.ts';
import { FoundLines } from '../lines/found-lines.tsx';
import { Explain } from './explain.tsx';
import { Metric } from './metric.tsx';

export function LogqlAnswer() {
  const { q, tab } = question.value;
  if (!isOfLines(q)) return <Metric />;
  return (
    <>
      <Histogram />
      <Summary />
      {tab === 'explain' ? <Explain /> : <FoundLines />}
    </>
  );
}
