/** What may be wrong in a search text: each with what is allowed instead, and an example. */
import {
  SEARCH_DEPTH_MAX,
  SEARCH_TERMS_MAX,
  SEARCH_TEXT_BYTES_MAX,
  TEXT_BYTES_MAX,
  VALUES_PER_FILTER_MAX,
} from '../../limits.ts';

export interface Problem {
  readonly problem: string;
  readonly allowed: string;
  readonly example: string;
}

const EXAMPLE = 'level:error -path:/healthz (timeout or "Timed Out") status>=500';

export const UNCLOSED_QUOTE: Problem = {
  problem: 'the quote is not closed',
  allowed: 'a text between two ", in which \\" is a quote',
  example: '"say \\"hi\\""',
};
export function otherQuote(sign: string): Problem {
  return { problem: `${sign} does not quote`, allowed: 'a text between two "', example: '"connection refused"' };
}
export const PIPE: Problem = {
  problem: 'not an operator',
  allowed:
    'spaces between what must all match, `or`, `-`, parentheses; counts by /aggregate?by=…, LogQL by /loki/api/v1/query_range; a text with other signs between two "',
  example: '(timeout or refused) -level:debug',
};
export const PLUS: Problem = {
  problem: '+ is not needed: terms side by side must all match',
  allowed: 'the term without it; a text that begins with +, between two "',
  example: 'timeout level:error',
};
export const BRACKETS: Problem = {
  problem: 'brackets make neither a range nor a list',
  allowed: 'name>=500 name<=599 for a range, name:a,b for one of several values; a value with brackets, between two "',
  example: 'status>=500 status<=599',
};
export const SQL: Problem = {
  problem: 'SQL is not taken here',
  allowed: 'what would follow WHERE, alone; counts by /aggregate?by=…; the text of a statement, between two "',
  example: 'status>=500 method:GET',
};
export const VALUE_NOT: Problem = {
  problem: 'a value cannot be negated',
  allowed: '- before the name, or "not" for this value',
  example: '-level:debug',
};
export const BANG: Problem = {
  problem: '! does not negate here',
  allowed: '- before what must not match',
  example: '-level:debug',
};
export const LOGQL: Problem = {
  problem: 'LogQL is not taken here',
  allowed: 'name:value; LogQL in Explore of the page, and by /loki/api/v1/query_range',
  example: 'namespace:shop timeout',
};
export const NO_NAME: Problem = {
  problem: 'there is no name of a label or field before it',
  allowed: 'name>number, or a text between two "',
  example: 'status>=500',
};
export const GLUED: Problem = {
  problem: 'a space is missing after the quote',
  allowed: 'a space or ) after a text between two "',
  example: '"time" "out"',
};
export const GROUP_AS_VALUE: Problem = {
  problem: 'a value cannot be a group',
  allowed: 'values with commas between them',
  example: 'level:error,warn',
};
export const MINUS: Problem = {
  problem: 'nothing follows that it negates',
  allowed: '- directly before what must not match, or "-" for the text',
  example: '-level:debug',
};

export const UNOPENED: Problem = {
  problem: 'no parenthesis is open here',
  allowed: 'a ) for each (; a text that has one, between two "',
  example: '"main()"',
};
export const UNCLOSED: Problem = {
  problem: 'the parenthesis is not closed',
  allowed: 'a ) for each (; a text that has one, between two "',
  example: '(timeout or refused) level:error',
};
export const EMPTY_GROUP: Problem = {
  problem: 'there is nothing between the parentheses',
  allowed: 'alternatives; a text that has parentheses, between two "',
  example: '(timeout or refused) "main()"',
};
export const UNESCAPED_SLASH: Problem = {
  problem: 'a slash within an expression ends it',
  allowed: '\\/ for a slash in an expression; a value that begins and ends with slashes, between two "',
  example: 'path:/^\\/api\\/v\\d/',
};
export const TEXT_TOO_LONG: Problem = {
  problem: 'the search text is too long',
  allowed: `up to ${SEARCH_TEXT_BYTES_MAX} bytes`,
  example: EXAMPLE,
};
export const TOO_LONG: Problem = {
  problem: 'too long',
  allowed: `up to ${TEXT_BYTES_MAX} bytes`,
  example: 'path:/api/*',
};
export const TOO_DEEP: Problem = {
  problem: 'nested too deeply',
  allowed: `up to ${SEARCH_DEPTH_MAX} levels of parentheses and negations`,
  example: EXAMPLE,
};
export const TOO_MANY: Problem = {
  problem: `more than ${SEARCH_TERMS_MAX} conditions`,
  allowed: `up to ${SEARCH_TERMS_MAX}; alternatives of one name are one condition`,
  example: 'user_id:7,8,9',
};
export const TOO_MANY_VALUES: Problem = {
  problem: `more than ${VALUES_PER_FILTER_MAX} values`,
  allowed: `up to ${VALUES_PER_FILTER_MAX}`,
  example: 'user_id:7,8,9',
};

/** @param isLast  whether the text ends where a condition should be */
export function missingCondition(isLast: boolean): Problem {
  return {
    problem: isLast ? 'nothing follows' : 'a condition is missing before it',
    allowed: 'conditions on both sides of `or` and `and`, one after `not`; the word as a text between two "',
    example: 'timeout or "or"',
  };
}

export function ambiguousNot(text: string): Problem {
  return {
    problem: 'it may be a part of the text, or mean without',
    allowed: `"not ${text}" for the text, -${text} or NOT ${text} for lines without it`,
    example: `-${text}`,
  };
}

/** What is meant by an operator of another language, after the name. */
const OPERATORS: Readonly<Record<string, string>> = {
  '!==': '!=500',
  '<>': '!=500',
  '=>': '>=500',
  '=<': '<=500',
  '~': ':/expression/',
  '~=': ':/expression/',
};

export function unknownOperator(name: string, sign: string): Problem {
  const isNegation = sign === ':!' || sign === '=!' || sign === '!=~';
  return {
    problem: 'not an operator',
    allowed: ': or = for a value, != for any other, :/…/ for an expression, > >= < <= for numbers',
    example: isNegation
      ? `-${name}:${sign.endsWith('~') ? '/expression/' : '500'}`
      : `${name}${OPERATORS[sign] ?? ':500'}`,
  };
}

/** `level : error` is a query of Kibana, or text. */
export function spacedColon(name: string): Problem {
  return {
    problem: 'it may be a part of the text, or a name and its value',
    allowed: `${name}:value without spaces, or "${name} :" for the text`,
    example: `${name}:500`,
  };
}

/** `_exists_:path` is a query of Elasticsearch. */
export function existence(name: string, isNegated: boolean): Problem {
  const sign = isNegated ? '-' : '';
  return {
    problem: 'not a field',
    allowed: 'name:* for lines that have a label or field, -name:* for those that do not',
    example: `${sign}${name}:*`,
  };
}

/** `latency_ms>1 s` would be a number, and a text. @param word  as it is written @param unit  as a quantity has it */
export function spacedUnit(comparison: string, word: string, unit: string): Problem {
  return {
    problem: 'a unit follows its number without a space',
    allowed: `${comparison}${unit}; or "${word}" for lines that contain this text`,
    example: `${comparison}${unit}`,
  };
}

/** `500<=status` */
export function reversed(name: string, sign: string, number: string): Problem {
  const other = sign.replace(/[<>]/, (each) => (each === '<' ? '>' : '<'));
  return {
    problem: 'a comparison begins with the name',
    allowed: 'name>=500 name<600 for a range; or these signs as a text, between two "',
    example: `${name}${other}${number}`,
  };
}

export function missingValue(name: string): Problem {
  return {
    problem: 'the value is missing',
    allowed: `a value directly after it, ${name}:* for any, ${name}:"" for an empty one; or "${name}:" for the text`,
    example: `${name}:500`,
  };
}

export function invalidRegexp(reason: string): Problem {
  return {
    problem: `not a valid regular expression: ${reason}`,
    allowed: "RE2's syntax, without look-around and back references",
    example: '/time.?out/i',
  };
}

/** `level in (error, warn)` would be texts. */
export function sqlList(name: string): Problem {
  return {
    problem: 'not an operator',
    allowed: 'name:a,b for one of several values; a text that has this word, between two "',
    example: `${name}:a,b`,
  };
}

/** `status eq 502` and `path LIKE '/api/%'` would be texts. */
export function wordOperator(example: string): Problem {
  return {
    problem: 'not an operator',
    allowed:
      'name:value, where * is any text, name:/…/ for an expression, name>=number; these words as a text, between two "',
    example,
  };
}

/** @param text  such as `5xx` */
export function statusClass(text: string): Problem {
  return {
    problem: 'x is not a wildcard',
    allowed: `${text[0]}* for all that begin with ${text[0]}, or "${text}" for this value`,
    example: `status:${text[0]}*`,
  };
}

/** @param name  of the parameter that is meant */
export function timeInText(name: string, text: string, field: string): Problem {
  return {
    problem: 'times are not a part of the search text',
    allowed: `the parameter ${name}=${text}, or field.${field}:${text} for a field of this name`,
    example: `search=timeout&${name}=${text}`,
  };
}
