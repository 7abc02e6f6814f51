/** Returns an expression that matches a text and nothing else, in RE2's syntax and in that of JavaScript. */
export function quotedPattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
