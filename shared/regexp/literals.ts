/** Texts that whatever an expression matches has in it: they are found without running it. */
import type { RegexpNode } from './syntax.ts';
import { flattened } from './trim.ts';

/** Of each list, at least one text. */
export type RequiredTexts = readonly (readonly string[])[];

const REPLACEMENT = 0xfffd;
/** Shorter ones are everywhere. */
const CHARS_MIN = 2;
/** Alternatives of one list; with more, it is cheaper to run the expression. */
const ALTERNATIVES_MAX = 16;

export function requiredTexts(tree: RegexpNode): RequiredTexts {
  return textsOf(tree).filter((texts) => texts.every((text) => text.length >= CHARS_MIN));
}

function textsOf(node: RegexpNode): string[][] {
  switch (node.kind) {
    case 'char': {
      const text = textOf(node.code);
      return text === '' ? [] : [[text]];
    }
    case 'class':
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

function textsOfSequence(nodes: readonly RegexpNode[]): string[][] {
  const texts: string[][] = [];
  let run = '';
  const endRun = (): void => {
    if (run !== '') texts.push([run]);
    run = '';
  };
  for (const node of flattened(nodes)) {
    const text = node.kind === 'char' ? textOf(node.code) : '';
    if (text !== '') run += text;
    else if (node.kind !== 'assert') {
      endRun();
      texts.push(...textsOf(node));
    }
  }
  endRun();
  return texts;
}

/** Empty for what broken UTF-8 is read as, too. */
function textOf(code: number): string {
  return code === REPLACEMENT || (code >= 0xd800 && code < 0xe000) ? '' : String.fromCodePoint(code);
}

/** The list whose shortest text is the longest. */
function longest(lists: readonly string[][]): string[] | undefined {
  const shortest = (texts: readonly string[]): number => Math.min(...texts.map((text) => text.length));
  return lists.toSorted((a, b) => shortest(b) - shortest(a))[0];
}
