/** Finds the texts that every match of an expression contains, without running it. */
import { mayContainOthers, type RegexpNode } from './syntax.ts';
import { flattened } from './trim.ts';

export interface RequiredText {
  /** In lower case if case is ignored. */
  readonly text: string;
  /** If true, the text is ASCII, and its letters may be of either case. */
  readonly ignoreCase: boolean;
}

/** A match contains at least one text of each list. */
export type RequiredTexts = readonly (readonly RequiredText[])[];

const REPLACEMENT = 0xfffd;
/** Shorter texts occur everywhere. */
const CHARS_MIN = 2;
/** Alternatives of one list; with more, it is cheaper to run the expression. */
const ALTERNATIVES_MAX = 16;

export function requiredTexts(tree: RegexpNode): RequiredTexts {
  return textsOf(tree).filter((texts) => texts.every(({ text }) => text.length >= CHARS_MIN));
}

function textsOf(node: RegexpNode): RequiredText[][] {
  switch (node.kind) {
    case 'char':
    case 'class': {
      const text = charOf(node);
      return text === undefined ? [] : [[text]];
    }
    case 'assert':
      return [];
    case 'concat':
      return textsOfSequence(node.of);
    case 'alternate': {
      const each = node.of.map((branch) => longest(textsOf(branch)));
      const texts = each.flatMap((of) => of ?? []);
      return each.includes(undefined) || texts.length > ALTERNATIVES_MAX ? [] : [texts];
    }
    case 'repeat':
      return node.min > 0 ? textsOf(node.of) : [];
  }
}

function textsOfSequence(nodes: readonly RegexpNode[]): RequiredText[][] {
  const texts: RequiredText[][] = [];
  let run: RequiredText | undefined;
  const endRun = (): void => {
    if (run !== undefined) texts.push([run]);
    run = undefined;
  };
  for (const node of flattened(nodes)) {
    if (node.kind === 'assert') continue;
    const char = charOf(node);
    if (char !== undefined) run = run === undefined ? char : joined(run, char);
    else {
      endRun();
      texts.push(...textsOf(node));
    }
  }
  endRun();
  return texts;
}

/** If case is ignored in one of them, it is ignored in both. */
function joined(a: RequiredText, b: RequiredText): RequiredText {
  const ignoreCase = a.ignoreCase || b.ignoreCase;
  return { text: a.text + b.text, ignoreCase };
}

/** Returns undefined for a node that matches more than one character, or a letter in both cases. */
function charOf(node: RegexpNode): RequiredText | undefined {
  if (node.kind === 'char') {
    // Broken UTF-8 is read as such a character, too; or it is half a character.
    const isOdd = node.code === REPLACEMENT || (node.code >= 0xd800 && node.code < 0xe000);
    return isOdd ? undefined : { text: String.fromCodePoint(node.code), ignoreCase: false };
  }
  if (node.kind !== 'class' || mayContainOthers(node.set)) return undefined;
  const upper = node.set.indexOf(1);
  const lower = node.set.indexOf(1, upper + 1);
  const isLetter = upper >= 0x41 && upper <= 0x5a && lower === upper + 0x20 && node.set.indexOf(1, lower + 1) < 0;
  if (!isLetter) return undefined;
  return { text: String.fromCodePoint(lower), ignoreCase: true };
}

/** Returns the list whose shortest text is the longest. */
function longest(lists: readonly RequiredText[][]): RequiredText[] | undefined {
  const shortest = (texts: readonly RequiredText[]): number => Math.min(...texts.map(({ text }) => text.length));
  return lists.toSorted((a, b) => shortest(b) - shortest(a))[0];
}
