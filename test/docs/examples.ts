/**
 * Examples in the documents: commands and their answers in ```console blocks, as a terminal shows them. A command begins
 * with `$ ` and continues on the next line after a backslash; its answer follows. `…` in an answer matches any text.
 */

export interface Example {
  readonly command: string;
  /** Without the newline at its end. */
  readonly answer: string;
  /** Where the answer begins and ends in the document, in characters. */
  readonly start: number;
  readonly end: number;
}

const FENCE = '```console\n';
const BLOCK = /^```console\n([^]*?)^```$/gm;
const EXAMPLE = /^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)/gm;

export function examplesOf(text: string): Example[] {
  return [...text.matchAll(BLOCK)].flatMap(({ index: blockStart, 1: block }) =>
    [...block!.matchAll(EXAMPLE)].map(({ index, 0: whole, 1: command, 2: answer }) => {
      const end = blockStart + FENCE.length + index + whole.length;
      return { command: command!, answer: answer!.trimEnd(), start: end - answer!.length, end };
    }),
  );
}

/** Parts of answers that depend on when batches arrived or jobs ran, and what replaces them before a comparison. */
const VARYING: readonly [RegExp, string][] = [
  [
    /"(stored|wal|rowGroups|rowGroupCount|walFiles|walFileCount|segments|segmentCount|bytes|checkedBytes|totalBytes|total|done)":\d+/g,
    '"$1":0',
  ],
  [/"id":"[0-9a-f]{16}"/g, '"id":"ID"'],
  [/"(requested|done)":"[^"]*"/g, '"$1":"TIME"'],
  [/checked \d+ segments?, \d+ WAL files?, \d+ row groups?, ([\d,]+ rows), [\d.]+ [kM]B/g, 'checked $1'],
];

function normalised(text: string): string {
  return VARYING.reduce((all, [pattern, form]) => all.replaceAll(pattern, form), text);
}

/** Whether what was printed is what the document shows. */
export function matches(want: string, got: string): boolean {
  const pattern = normalised(want)
    .split('…')
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join('[^]*?');
  return new RegExp(`^${pattern}$`).test(normalised(got));
}

const ID = /"id":"([0-9a-f]{16})"/g;

/** Pairs of an id in the document and the one that the server gave instead; later commands contain the former. */
export function sameIds(want: string, got: string): [string, string][] {
  const ids = [...got.matchAll(ID)].map(([, id]) => id!);
  return [...want.matchAll(ID)].flatMap(([, id], i) => (ids[i] === undefined ? [] : [[id!, ids[i]]]));
}
