/** The functions of templates: those of Go, and those that Loki documents. Each group has a file. */
import type { TemplateFunction } from './function.ts';
import { GO_FUNCTIONS } from './functions-go.ts';
import { NUMBER_FUNCTIONS } from './functions-numbers.ts';
import { TEXT_FUNCTIONS } from './functions-text.ts';
import { TIME_FUNCTIONS } from './functions-time.ts';

export const FUNCTIONS: ReadonlyMap<string, TemplateFunction> = new Map([
  ...GO_FUNCTIONS,
  ...TEXT_FUNCTIONS,
  ...NUMBER_FUNCTIONS,
  ...TIME_FUNCTIONS,
]);
