/** YAML files of an operator's: the value, and errors that name the file, the line and the problem. */
import { UsageError } from '../shared/errors.ts';

export type YamlPath = readonly (string | number)[];

/** Makes an error about what is at a path. */
export type YamlFail = (path: YamlPath, problem: string) => UsageError;

export interface YamlFile {
  /** Null for an empty file. */
  readonly value: unknown;
  readonly fail: YamlFail;
}

export interface YamlOptions {
  readonly bytesMax: number;
  /** The file holds secrets: no message repeats anything of it. */
  readonly isSecret?: boolean;
}

/** @throws UsageError  one line */
export async function parseYamlFile(text: string, file: string, options: YamlOptions): Promise<YamlFile> {
  const { bytesMax, isSecret = false } = options;
  if (text.length > bytesMax) throw new UsageError(`${file}: larger than ${bytesMax} bytes`);
  // Loaded here: a server without such a file does without the memory and the time that it takes.
  const { LineCounter, isNode, parseDocument } = await import('yaml');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const atOffset = (offset: number, problem: string): UsageError =>
    new UsageError(`${file}: line ${lines.linePos(offset).line}: ${problem}`);
  const [error] = document.errors;
  if (error !== undefined) throw atOffset(error.pos[0], isSecret ? `not valid YAML (${error.code})` : error.message);
  const fail: YamlFail = (path, problem) => {
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return atOffset(node.range[0], problem);
    }
    return new UsageError(`${file}: ${problem}`);
  };
  try {
    return { value: document.toJS() as unknown, fail };
  } catch {
    throw fail([], 'an alias (*name) leads nowhere: put values in quotes');
  }
}
