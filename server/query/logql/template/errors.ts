/** A template that cannot be parsed, or failed for a line. */
export class TemplateError extends Error {}

/** One of which is known where the template failed: an offset, and the text of what was executed. */
export class PlacedError extends TemplateError {
  readonly at: number;
  readonly context: string;
  /** The template that was executed, where one was defined in another. */
  executing: string | undefined;

  constructor(problem: string, { at, text }: { readonly at: number; readonly text: string }) {
    super(problem);
    this.at = at;
    this.context = text;
  }
}

/** A function was given a value of a wrong type. */
export class ArgumentError extends TemplateError {
  readonly value: unknown;
  /** As Go names what a literal should have been. */
  readonly expected: 'string' | 'integer';

  constructor(message: string, value: unknown, expected: 'string' | 'integer') {
    super(message);
    this.value = value;
    this.expected = expected;
  }
}
