/** The cases of letters beyond ASCII, as RE2 folds them: é and É, but also σ, ς and Σ. */

/** Characters that have cases, all of them; made when an expression first asks. */
let cased: string | undefined;

/**
 * Returns the characters that one matches if case is ignored, itself among them; undefined where that is not known, as of
 * characters that are newer than this program's tables.
 */
export function casesOf(char: string): readonly string[] | undefined {
  if (/^\p{Cn}$/u.test(char)) return undefined;
  cased ??= allCased();
  if (!cased.includes(char)) return [char];
  // With both flags, V8 folds by the same table of Unicode as RE2.
  return cased.match(new RegExp(char, 'giu')) ?? [char];
}

/** No letter after this plane has cases. */
const LAST_CODE = 0x1ffff;
const CODES_AT_ONCE = 0x1000;

function allCased(): string {
  let found = '';
  for (let first = 0; first <= LAST_CODE; first += CODES_AT_ONCE) {
    const codes = Array.from({ length: CODES_AT_ONCE }, (_, i) => first + i);
    found +=
      String.fromCodePoint(...codes)
        .match(/[\p{CWCF}\p{CWCM}]/gu)
        ?.join('') ?? '';
  }
  return found;
}
