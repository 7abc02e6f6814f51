/** A template that cannot be parsed, or failed for a line. */
export class TemplateError extends Error {}
