/** The measures of an aggregation: each kind has a file of its own. */
import { BytesMeasure, type BytesState } from './bytes-measure.ts';
import { ConditionalMeasure } from './conditional-measure.ts';
import { DistinctMeasure, type DistinctMeasureState } from './distinct-measure.ts';
import { RowMeasure, type RowsState } from './row-measure.ts';
import { NumberMeasure, type NumbersState } from './number-measure.ts';
import type { OpenMeasure } from './open-measure.ts';
import type { Measure } from '../../../store/aggregate-plan.ts';

/** The arrays of a measure, to be transferred. */
export type MeasureState = NumbersState | DistinctMeasureState | BytesState | RowsState;

/** @param states  of measures that are no longer used */
export function openMeasures(
  measures: readonly Measure[],
  states?: readonly MeasureState[],
): OpenMeasure<MeasureState>[] {
  return measures.map((measure, i) => {
    const opened = openMeasure(measure, states?.[i]);
    return measure.where === undefined ? opened : new ConditionalMeasure(measure.where, opened);
  });
}

function openMeasure(measure: Measure, state: MeasureState | undefined): OpenMeasure<MeasureState> {
  switch (measure.kind) {
    case 'rows':
      return new RowMeasure(state as RowsState | undefined);
    case 'numbers':
      return new NumberMeasure(measure, state as NumbersState | undefined);
    case 'distinct':
      return new DistinctMeasure(measure, state as DistinctMeasureState | undefined);
    case 'bytes':
      return new BytesMeasure(state as BytesState | undefined);
  }
}
