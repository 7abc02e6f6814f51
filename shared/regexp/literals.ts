/** Finds the texts that every match of an expression contains, without running it. */
import { mayContainOthers, type RegexpNode } from './syntax.ts';
import { flattened } from './trim.ts';

export interface RequiredText {
  /** Its ASCII letters are in lower case if case is ignored. */
  readonly text: string;
  /** If true, ASCII letters may be of either case; others are as they are in the text. */
  readonly ignoreCase: boolean;
}

/** A match contains at least one text of each list. */
export type RequiredTexts = readonly (readonly RequiredText[])[];

const REPLACEMENT = 0xfffd;
/** Shorter texts occur everywhere. */
const BYTES_MIN = 2;
/** Alternatives of one list; with more, it is cheaper to run the expression. */
const ALTERNATIVES_MAX = 16;
/** Those of a sequence whose characters have alternatives, such as cases beyond ASCII: enough for any two letters, a gram. */
const SEQUENCE_ALTERNATIVES_MAX = 12;

export function requiredTexts(tree: RegexpNode): RequiredTexts {
  return textsOf(tree).filter((texts) => texts.every(({ text }) => Buffer.byteLength(text) >= BYTES_MIN));
}

function textsOf(node: RegexpNode): RequiredText[][] {
  switch (node.kind) {
    case 'char':
    case 'class':
      return listOf(charsOf(node));
    case 'assert':
      return [];
    case 'concat':
      return textsOfSequence(node.of);
    case 'alternate': {
      const chars = charsOf(node);
      if (chars !== undefined) return [chars];
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
  let run: RequiredText[] | undefined;
  const endRun = (): void => {
    texts.push(...listOf(run));
    run = undefined;
  };
  for (const node of flattened(nodes)) {
    if (node.kind === 'assert') continue;
    const chars = charsOf(node);
    if (run !== undefined && chars !== undefined && run.length * chars.length > SEQUENCE_ALTERNATIVES_MAX) endRun();
    if (chars !== undefined) run = run === undefined ? chars : joined(run, chars);
    else {
      endRun();
      texts.push(...textsOf(node));
    }
  }
  endRun();
  return texts;
}

function listOf(texts: RequiredText[] | undefined): RequiredText[][] {
  return texts === undefined ? [] : [texts];
}

/** Each of the first texts followed by each of the others. If case is ignored in one of them, it is ignored in both. */
function joined(before: readonly RequiredText[], after: readonly RequiredText[]): RequiredText[] {
  return before.flatMap((a) => after.map((b) => ({ text: a.text + b.text, ignoreCase: a.ignoreCase || b.ignoreCase })));
}

/** Returns the characters that a node matches, a few; undefined for other nodes. */
function charsOf(node: RegexpNode): RequiredText[] | undefined {
  if (node.kind !== 'alternate') {
    const char = charOf(node);
    return char && [char];
  }
  if (node.of.length > SEQUENCE_ALTERNATIVES_MAX) return undefined;
  const chars = node.of.map(charOf);
  return chars.includes(undefined) ? undefined : (chars as RequiredText[]);
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
