/**
 * What a kubelet does to the files of a pod, and which lines that may cost: a model beside the directory tree that knows of
 * each file what it holds, whether an agent could have read it, and what the server knew when it was deleted.
 */
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { parseFileId, parseLedgerId, timeOfHead } from '../../shared/file-id.ts';
import type { Position } from '../../shared/wire.ts';
import { openInodes, type World } from './pods.ts';

/** As the kubelet keeps them of a run: the live file and rotated ones. */
const FILES_KEPT = 5;
/** In the place of a second: no file of the model is full sooner. */
export const FIRST_FILE_MS_MAX = 40;

interface LogFile {
  readonly run: number;
  /** In the order in which the files of the pod were begun. */
  readonly number: number;
  /** As the server knows it; undefined before the first line. */
  head: string | undefined;
  rotation: string;
  readonly lines: string[];
  /** Whether the agent has it open, under whatever name. */
  isHeld: boolean;
}

/** A file that was deleted while an agent had it open. */
interface Removed {
  readonly file: LogFile;
  readonly siblings: readonly LogFile[];
}

let lastUs = 0;

/** Of now, and no other record has its time. */
function nextTime(): string {
  lastUs = Math.max(lastUs + 1, Date.now() * 1000);
  return `${new Date(Math.floor(lastUs / 1000)).toISOString().slice(0, -1)}${String(lastUs % 1000).padStart(3, '0')}Z`;
}

/** A pod of one container, from its birth until its directory is gone. */
export class ModelPod {
  readonly name: string;
  /** Run → its lines in the order in which they were written. */
  readonly written = new Map<number, string[]>();
  /** Run → the absences of an agent after which a marker may name it. */
  readonly doubts = new Map<number, Set<number>>();
  /** Whether nothing on the node or in the server says that it was ever there. */
  isTraceless = false;
  isThere = true;
  /** How many runs the server knew of when the files of all went: nothing shows that there were more. */
  begunRuns = Infinity;
  readonly #world: World;
  readonly #uid: string;
  #run = 0;
  #files: LogFile[] = [];
  #fileCount = 0;
  #lineCount = 0;
  /** Deleted before an agent's eyes, which may end before the server knows all of it. */
  #removed: Removed[] = [];
  /** Whether the server knew of it when its files went. */
  #wasKnown = false;

  constructor(world: World, name: string) {
    this.#world = world;
    this.name = name;
    this.#uid = `uid-${name}`;
    mkdirSync(this.#directory, { recursive: true });
    this.#begin();
  }

  write(count: number): void {
    const live = this.#files.at(-1)!;
    for (let i = 0; i < count; i++) {
      const text = `${this.name}-${this.#run}-${this.#lineCount++};`;
      const time = nextTime();
      live.head ??= `@${time}`;
      live.lines.push(text);
      const lines = this.written.get(this.#run);
      if (lines === undefined) this.written.set(this.#run, [text]);
      else lines.push(text);
      this.#world.write(this.#path(live), `${time} stdout F ${text}\n`);
    }
  }

  /** Whether the live file is old enough to be full: the next one cannot be taken for the first of its directory. */
  isRotatable(): boolean {
    return Date.now() - statSync(this.#directory).birthtimeMs > FIRST_FILE_MS_MAX + 10;
  }

  rotate(absence: number | undefined): void {
    const live = this.#files.at(-1)!;
    if (live.lines.length === 0) return;
    const own = this.#files.filter(({ run }) => run === this.#run);
    if (own.length >= FILES_KEPT) this.#remove(own[0]!, absence);
    const rotated = own.at(-2);
    if (rotated !== undefined && existsSync(this.#path(rotated))) this.#world.gzip(this.#path(rotated));
    const before = this.#path(live);
    live.rotation = `.20260101-${String(live.number).padStart(6, '0')}`;
    this.#world.rename(before, this.#path(live));
    this.#begin();
  }

  /** Of the dead runs only the newest is kept, with all of its files. */
  restart(absence: number | undefined): void {
    for (const file of this.#files.filter(({ run }) => run < this.#run)) this.#remove(file, absence);
    this.#run++;
    this.#begin();
  }

  removeFiles(absence: number | undefined): void {
    this.#wasKnown = this.#isKnown();
    this.begunRuns = this.#begunRuns();
    for (const file of this.#files.slice()) this.#remove(file, absence);
    this.isThere = false;
  }

  removeDirectory(absence: number | undefined): void {
    rmSync(this.#podDirectory, { recursive: true, force: true });
    if (absence !== undefined) this.#noteTrace();
  }

  /** An agent has ended: what went while it ran, and of which the server does not know all, has gone unseen. */
  noteAgentEnd(absence: number): void {
    if (this.#removed.length > 0) this.#noteTrace();
    for (const { file, siblings } of this.#removed) this.#noteDoubt(file, siblings, absence);
    this.#removed = [];
    for (const file of this.#files) file.isHeld = false;
  }

  /**
   * A run of which the server knows nothing, and that has as many files as are kept, may have had more. Asked when an agent
   * begins, and after a rotation, which may come before the agent knows what the server knows.
   */
  noteFullRuns(absence: number): void {
    const runs = Map.groupBy(this.#files, ({ run }) => run);
    for (const [run, files] of runs) {
      if (files.length >= FILES_KEPT && this.#lastKnown(run) === undefined && !this.#isFirst(files[0]!))
        this.#doubt(run, absence);
    }
  }

  /** Whether an agent has all files that it needs open, or the server their lines. */
  isHeld(stored: ReadonlySet<string>): boolean {
    const inodes = openInodes();
    return this.#files.every((file) => {
      const isLive = file === this.#files.at(-1);
      if (file.lines.every((line) => stored.has(line)) && (file.lines.length > 0 || !isLive)) return true;
      file.isHeld ||= inodes.has(statSync(this.#path(file)).ino);
      return file.isHeld;
    });
  }

  /** Whether everything that is on disk is stored. */
  isStored(stored: ReadonlySet<string>): boolean {
    return this.#files.every(({ lines }) => lines.every((line) => stored.has(line)));
  }

  get #podDirectory(): string {
    return `${this.#world.podsDir}/ns_${this.name}_${this.#uid}`;
  }

  get #directory(): string {
    return `${this.#podDirectory}/app`;
  }

  #path({ run, rotation }: LogFile): string {
    const plain = `${this.#directory}/${run}.log${rotation}`;
    return rotation !== '' && existsSync(`${plain}.gz`) ? `${plain}.gz` : plain;
  }

  #begin(): void {
    const file = { run: this.#run, number: this.#fileCount++, head: undefined, rotation: '', lines: [], isHeld: false };
    this.#files.push(file);
    this.#world.write(this.#path(file), '');
  }

  #remove(file: LogFile, absence: number | undefined): void {
    const siblings = this.#files.filter(({ run }) => run === file.run);
    if (absence === undefined) this.#removed.push({ file, siblings });
    else this.#noteDoubt(file, siblings, absence);
    rmSync(this.#path(file));
    this.#files = this.#files.filter((other) => other !== file);
  }

  /** Whether what the server knows, which is all that the next agent has, leaves open that there was more in the file. */
  #noteDoubt(file: LogFile, siblings: readonly LogFile[], absence: number): void {
    if (this.#doneRuns() > file.run) return;
    const heads = siblings.map(({ head }) => head);
    const last = this.#lastKnown(file.run);
    if (last === undefined || heads.indexOf(file.head) >= heads.indexOf(last)) this.#doubt(file.run, absence);
  }

  #noteTrace(): void {
    if (!this.#wasKnown && !this.#isKnown() && !existsSync(this.#podDirectory)) this.isTraceless = true;
  }

  #doubt(run: number, absence: number): void {
    const absences = this.doubts.get(run);
    if (absences === undefined) this.doubts.set(run, new Set([absence]));
    else absences.add(absence);
  }

  #isFirst({ run, head }: LogFile): boolean {
    const { birthtimeMs } = statSync(this.#directory);
    return run === 0 && head !== undefined && timeOfHead(head)! - Math.floor(birthtimeMs) <= FIRST_FILE_MS_MAX;
  }

  #isKnown(): boolean {
    const { positions, notes } = this.#world.sink;
    return (
      [...positions.keys()].some((id) => parseFileId(id)?.uid === this.#uid) ||
      [...notes.keys()].some((id) => parseLedgerId(id)?.uid === this.#uid)
    );
  }

  #begunRuns(): number {
    return this.#ledger()?.stdout ?? 0;
  }

  #doneRuns(): number {
    return this.#ledger()?.stderr ?? 0;
  }

  #ledger(): Position | undefined {
    return [...this.#world.sink.notes].find(([id]) => parseLedgerId(id)?.uid === this.#uid)?.[1];
  }

  /** The head of the last file of a run that the server knows. */
  #lastKnown(run: number): string | undefined {
    const files = [...this.#world.sink.positions.keys()].map(parseFileId);
    return files.filter((file) => file?.uid === this.#uid && file.restart === run).at(-1)?.head;
  }
}

/** The runs that a marker is about. */
function runsOf(marker: string): number[] {
  const match = /of (\d+)\.log(?: to (\d+)\.log)? may have been lost/.exec(marker);
  if (match === null) throw new Error(`a marker that the model does not know: ${marker}`);
  const first = Number(match[1]);
  const last = Number(match[2] ?? first);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** What is wrong with what is stored of a pod; undefined when nothing is. */
export function problemOf({ sink }: World, pod: ModelPod): string | undefined {
  const rows = sink.lines.filter((line) => line.pod === pod.name);
  const batchOf = new Map<string, number>();
  const markers = new Map<number, number[]>();
  const texts: string[] = [];
  for (const { text, stream, batch } of rows) {
    if (stream !== 'podlog') {
      if (batchOf.has(text)) return `${pod.name}: ${text} is doubled`;
      batchOf.set(text, batch);
      continue;
    }
    texts.push(`${batch}: ${text}`);
    for (const run of runsOf(text)) markers.set(run, [...(markers.get(run) ?? []), batch]);
  }
  const show = (what: string): string => {
    const doubts = [...pod.doubts].map(([run, absences]) => [run, ...absences]);
    return `${pod.name}: ${what}: ${JSON.stringify({ doubts, markers: texts })}`;
  };
  for (const [run, lines] of pod.written) {
    const named = run < pod.begunRuns ? [run] : [run, Math.max(0, pod.begunRuns - 1)];
    const own = named.flatMap((each) => markers.get(each) ?? []);
    let gaps = 0;
    for (let at = 0; at < lines.length; at++) {
      if (batchOf.has(lines[at]!)) continue;
      const from = at;
      while (at < lines.length && !batchOf.has(lines[at]!)) at++;
      const after = from === 0 ? 0 : batchOf.get(lines[from - 1]!)!;
      const before = at === lines.length ? Infinity : batchOf.get(lines[at]!)!;
      gaps++;
      const isMarked = own.some((batch) => batch >= after && batch <= before);
      if (!isMarked && !pod.isTraceless)
        return show(
          `${lines[from]!} to ${lines[at - 1]!} of ${lines.length} are missing, and no marker is in batches ${after} to ${before}`,
        );
    }
    if (own.length < gaps && !pod.isTraceless) return show(`run ${run} has ${gaps} gaps`);
  }
  for (const [run, own] of markers) {
    const doubts = pod.doubts.get(run)?.size ?? 0;
    if (own.length > doubts) return show(`run ${run} has ${own.length} markers`);
  }
  return undefined;
}
