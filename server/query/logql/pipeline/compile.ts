/** Compiles the stages of a query: the table of contents of this folder. */
import type { Stage } from '../syntax/ast.ts';
import { LogqlError } from '../syntax/errors.ts';
import { printStage } from '../syntax/print.ts';
import { decolorizeStage, dropStage, keepStage, labelFormatStage, lineFormatStage } from './formats.ts';
import { InvalidIp } from './ip.ts';
import { jsonStage } from './json.ts';
import { jsonExpressionStage } from './json-expressions.ts';
import { labelFilterStage } from './label-filter.ts';
import { labelOrField } from './line-fields.ts';
import { lineFilterStage } from './line-filter.ts';
import { logfmtExpressionStage, logfmtStage } from './logfmt.ts';
import { patternStage } from './pattern.ts';
import { podlogStage } from './podlog.ts';
import { regexpStage } from './regexp.ts';
import type { Run, Wanted } from './stage.ts';
import { unpackStage } from './unpack.ts';

/** What stages need to know besides their own texts. */
interface Compiling {
  readonly nowMs: number;
  /** Filters before any parser compare fields of lines, where these lack the label. */
  readonly areFieldsFound: boolean;
}

/** @throws LogqlError  that names the stage */
export function compileStages(stages: readonly Stage[], wanted: Wanted, { nowMs, areFieldsFound }: Compiling): Run {
  const valueOf = areFieldsFound ? labelOrField() : undefined;
  const parser = stages.findIndex(({ kind }) => PARSERS.has(kind));
  const runs = stages.map((stage, i) => {
    try {
      if (stage.kind === 'labels' && (parser < 0 || i < parser)) return labelFilterStage(stage.filter, valueOf);
      return runOf(stage, wanted, nowMs);
    } catch (error) {
      if (!(error instanceof SyntaxError) && !(error instanceof InvalidIp)) throw error;
      throw new LogqlError(`stage '${printStage(stage)}' : ${error.message}`);
    }
  });
  return (entry) => {
    for (const run of runs) if (!run(entry)) return false;
    return true;
  };
}

/** Stages that make labels of lines. */
export const PARSERS: ReadonlySet<Stage['kind']> = new Set([
  'json',
  'logfmt',
  'regexp',
  'pattern',
  'unpack',
  'podlog',
] as const);

function runOf(stage: Stage, wanted: Wanted, nowMs: number): Run {
  switch (stage.kind) {
    case 'line':
      return lineFilterStage(stage);
    case 'json':
      return stage.expressions.length === 0 ? jsonStage(wanted) : jsonExpressionStage(stage.expressions, wanted);
    case 'logfmt':
      return stage.expressions.length === 0 ? logfmtStage(stage, wanted) : logfmtExpressionStage(stage, wanted);
    case 'regexp':
      return regexpStage(stage.pattern, wanted);
    case 'pattern':
      return patternStage(stage.pattern, wanted);
    case 'unpack':
      return unpackStage(wanted);
    case 'podlog':
      return podlogStage(wanted);
    case 'labels':
      return labelFilterStage(stage.filter);
    case 'line_format':
      return lineFormatStage(stage.template, nowMs);
    case 'label_format':
      return labelFormatStage(stage.formats, nowMs);
    case 'decolorize':
      return decolorizeStage();
    case 'drop':
      return dropStage(stage.labels);
    case 'keep':
      return keepStage(stage.labels);
  }
}
