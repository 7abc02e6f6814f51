/** What an aggregation measures: for each kind of measure, a file of its own. */
import { BytesMeasure, type BytesState } from './bytes-measure.ts';
import { DistinctMeasure, type DistinctMeasureState } from './distinct-measure.ts';
import { NumberMeasure, type NumbersState } from './number-measure.ts';
import type { OpenMeasure } from './open-measure.ts';
import type { Measure } from '../../../store/aggregate-plan.ts';

/** All of a measure, to be handed over. */
export type MeasureState = NumbersState | DistinctMeasureState | BytesState;

/** @param states  of measures that are not used any more */
export function openMeasures(
  measures: readonly Measure[],
  states?: readonly MeasureState[],
): OpenMeasure<MeasureState>[] {
  return measures.map((measure, i) => {
    const state = states?.[i];
    switch (measure.kind) {
      case 'numbers':
        return new NumberMeasure(measure, state as NumbersState | undefined);
      case 'distinct':
        return new DistinctMeasure(measure, state as DistinctMeasureState | undefined);
      case 'bytes':
        return new BytesMeasure(state as BytesState | undefined);
    }
  });
}
