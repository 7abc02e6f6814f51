/** Compiles the stages of a query: the table of contents of this folder. */
import type { Stage } from '../syntax/ast.ts';
import { LogqlError } from '../syntax/errors.ts';
import { printStage } from '../syntax/print.ts';
import { decolorizeStage, dropStage, keepStage, labelFormatStage, lineFormatStage } from './formats.ts';
import { InvalidIp } from './ip.ts';
import { jsonStage } from './json.ts';
import { jsonExpressionStage } from './json-expressions.ts';
import { labelFilterStage } from './label-filter.ts';
import { lineFilterStage } from './line-filter.ts';
import { logfmtExpressionStage, logfmtStage } from './logfmt.ts';
import { patternStage } from './pattern.ts';
import { podlogStage } from './podlog.ts';
import { regexpStage } from './regexp.ts';
import type { Run, Wanted } from './stage.ts';
import { unpackStage } from './unpack.ts';

/** @throws LogqlError  that names the stage */
export function compileStages(stages: readonly Stage[], wanted: Wanted, nowMs: number): Run {
  const runs = stages.map((stage) => {
    try {
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
