/**
 * Whether a search text is LogQL. It is, where nothing but LogQL's own words is before the first brace: functions, groupings,
 * numbers, operators, comments. So `{app="api"}` and `sum by (path) (rate({app="api"}[5m]))` are, `timeout {app` is not.
 */
const HEAD =
  /^(?:[\s\d()+\-*/%^<>=!.,]|#.*\n|\b(?:sum|avg|min|max|count|std(?:dev|var)|(?:approx_)?topk|bottomk|sort(?:_desc)?|(?:bytes_)?rate(?:_counter)?|[a-z]+_over_time|label_replace|vector|variants|bool|and|or|unless)\b|\b(?:by|without|on|ignoring|group_left|group_right)\b(?:\s*\([\w\s,]*\)?)?)*/;

export function isLogql(text: string): boolean {
  return text[HEAD.exec(text)![0].length] === '{';
}

/** Whether a text that is being typed is LogQL, or will be: a function is open, and nothing else has been typed. */
export function mayBeLogql(text: string): boolean {
  return (
    isLogql(text) ||
    (/^[a-z_]+\s*(?:\(|(?:by|without)\b)/.test(text) && /^\w*$/.test(text.slice(HEAD.exec(text)![0].length)))
  );
}

/** Whether a query asks for lines: a metric begins with a function or a number. */
export function isOfLines(query: string): boolean {
  return /^(?:[\s(]|#.*\n)*\{/.test(query);
}
