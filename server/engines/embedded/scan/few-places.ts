/**
 * Finds the rows of a row group that match a predicate, as places in its templates, where one value that few rows have decides:
 * a user's, say. The other conditions are decided by templates, dictionaries and ranges in the header, or else by the values
 * of these few rows. Only where times or labels decide, too, the codes are read that say which row a place is.
 */
import type { Labels } from '../../../../shared/labels.ts';
import { rowsOfRanks } from '../../../../shared/row-group/template-order.ts';
import { ranksOfValues } from '../../../../shared/row-group/value-rows.ts';
import { KIND_ARRAY, KIND_TEXT } from '../../../../shared/row-group/format.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { LEVEL } from '../../../../shared/levels.ts';
import {
  allOf,
  decide,
  isNothing,
  type Leaf,
  type Predicate,
  type TimeRange,
  type ValueLeaf,
  type Where,
} from '../../../store/predicate.ts';
import { reachesOutside, timesOf } from './evaluate.ts';
import { headerOutcomes, isOfColumns } from './header-outcomes.ts';
import { canBeSearched, matchColumn } from './match-column.ts';
import { markedIn, maskDepth, releaseMasks } from './masks.ts';
import { answeringColumns, type AnsweringColumn, answersOf, passesOf, testsOf } from './name.ts';
import { narrowedWhere } from './narrowed-where.ts';
import { type PickedValues, pickedValues, type Places } from './picked-values.ts';
import { judgeLabels } from './value-leaf.ts';

/** Returns undefined where the predicate, or this row group, is of another kind, and where many rows have the value. */
export function fewPlaces(group: RowGroup, predicate: Predicate): Places | undefined {
  const found = foundPlaces(group, predicate, false);
  if (found === undefined || found.places.size === 0) return found?.places;
  const { places, ofStreams } = found;
  const isSettled = ofStreams.length === 0 && !reachesOutside(group, predicate);
  return isSettled ? places : placesAmong(group, places, predicate, ofStreams);
}

/**
 * Does the same for their rows, ascending, where a column is searched for the value: where each of its values is tested, a
 * mask of rows costs no more.
 */
export function fewRows(group: RowGroup, predicate: Predicate): Uint32Array | undefined {
  const found = foundPlaces(group, predicate, true);
  if (found === undefined) return undefined;
  const { places, ofStreams } = found;
  if (places.size === 0) return new Uint32Array(0);
  const rows = rowsOfRanks(group.passingTemplateCodes(), group.templates.length, ranksByTemplate(places));
  const isAmong = testOfRows(group, rows, predicate, ofStreams);
  return Uint32Array.from(rows).filter((_, i) => isAmong(i));
}

interface FoundPlaces {
  readonly places: Places;
  /** Conditions that are not yet met, besides the time range. */
  readonly ofStreams: readonly Where[];
}

function foundPlaces(group: RowGroup, predicate: Predicate, isSearched: boolean): FoundPlaces | undefined {
  if (group.columns.some(({ slot }) => slot.kind === KIND_TEXT)) return undefined;
  const where = narrowedWhere(group, predicate.where);
  if (isNothing(where)) return { places: NO_PLACES, ofStreams: [] };
  const conditions = conjunctsOf(where);
  const ofStreams = conditions.filter((each) => isOfStreams(group, each));
  const others = ofStreams.length === 0 ? where : allOf(conditions.filter((each) => !ofStreams.includes(each)));
  const places = placesOfAllStreams(group, others, isSearched);
  return places && { places, ofStreams };
}

/** Whether labels decide a condition in each stream of a row group, and not the same in all. */
function isOfStreams(group: RowGroup, condition: Where): boolean {
  const outcomes = group.info.streams.map((labels) => matchesLabels(condition, labels));
  return !outcomes.includes(undefined) && outcomes.some((outcome) => outcome !== outcomes[0]);
}

function matchesLabels(condition: Where, labels: Labels): boolean | undefined {
  return decide(condition, (leaf) => judgeLabels(leaf, labels));
}

function conjunctsOf(where: Where): readonly Where[] {
  return where.kind === 'all' ? where.of : [where];
}

function placesOfAllStreams(group: RowGroup, where: Where, isSearched: boolean): Places | undefined {
  const lead = leadOf(group, where);
  const found = lead && placesOf(group, lead, isSearched);
  if (found === undefined) return undefined;
  const outcomes = new Outcomes(group, found);
  const places = new Map<number, readonly number[]>();
  for (const [template, ranks] of found) {
    const ofAll = decide(where, (leaf) => leaf === lead || outcomes.byHeader(leaf, template));
    if (ofAll !== undefined) {
      if (ofAll) places.set(template, ranks);
      continue;
    }
    const matching: number[] = [];
    for (const [i, rank] of ranks.entries()) {
      const matches = decide(where, (leaf) => leaf === lead || outcomes.of(leaf, template, i));
      if (matches === undefined) return undefined;
      if (matches) matching.push(rank);
    }
    if (matching.length > 0) places.set(template, matching);
  }
  return places;
}

const NO_PLACES: Places = new Map();

/** By template: the ranks of its rows; absent where it has none. */
export function ranksByTemplate(places: Places): readonly (readonly number[] | undefined)[] {
  const ranks: (readonly number[] | undefined)[] = [];
  for (const [template, own] of places) ranks[template] = own;
  return ranks;
}

/** Returns those of rows in the time range and of streams that satisfy conditions. */
function placesAmong(group: RowGroup, places: Places, range: TimeRange, ofStreams: readonly Where[]): Places {
  const ranks = ranksByTemplate(places);
  const codes = group.passingTemplateCodes();
  const rows = rowsOfRanks(codes, group.templates.length, ranks);
  const templates = Array.from(rows, (row) => codes[row]!);
  const isAmong = testOfRows(group, rows, range, ofStreams);
  const seen = new Int32Array(group.templates.length);
  const among = new Map<number, number[]>();
  for (const [i, template] of templates.entries()) {
    const rank = ranks[template]![seen[template]!++]!;
    if (!isAmong(i)) continue;
    const own = among.get(template);
    if (own === undefined) among.set(template, [rank]);
    else own.push(rank);
  }
  return among;
}

/** Returns what tells of a row, by its index among these, whether it is in the time range and of such a stream. */
function testOfRows(
  group: RowGroup,
  rows: ArrayLike<number>,
  range: TimeRange,
  ofStreams: readonly Where[],
): (i: number) => boolean {
  const timesNs = reachesOutside(group, range) ? group.timesAt(rows) : undefined;
  const codes = ofStreams.length > 0 ? group.streamCodesAt(rows) : undefined;
  const [first, end] = timesOf(group, range);
  const isWanted = group.info.streams.map((labels) => ofStreams.every((each) => matchesLabels(each, labels) === true));
  return (i) =>
    (timesNs === undefined || (timesNs[i]! >= first && timesNs[i]! < end)) &&
    (codes === undefined || isWanted[codes[i]!]!);
}

/** Returns a value that every match has. */
function leadOf(group: RowGroup, where: Where): ValueLeaf | undefined {
  return conjunctsOf(where).find((each): each is ValueLeaf => {
    if (each.kind !== 'value' || each.name === LEVEL || !isOfColumns(each)) return false;
    if (!each.tests.every(({ kind }) => kind === 'equals')) return false;
    return group.info.streams.every((labels) => judgeLabels(each, labels) === undefined);
  });
}

/** Returns the places of the values that pass; undefined where these are many. */
function placesOf(group: RowGroup, lead: ValueLeaf, isSearched: boolean): Places | undefined {
  const places = new Map<number, number[]>();
  const columns = answeringColumns(group, answersOf(group, lead.name, lead.ofJson));
  if (isSearched && !columns.every(({ column }) => canBeSearched(group, column))) return undefined;
  for (const answering of columns) {
    const since = maskDepth();
    const matched = matchColumn(group, answering.column, testsOf(lead), answering.path);
    const values = matched instanceof Uint8Array ? markedIn(matched) : matched;
    releaseMasks(since);
    if (values === 'all' || (values !== 'none' && !group.areFew(values.length))) return undefined;
    if (values !== 'none') addPlaces(group, answering, values, places);
  }
  return places;
}

function addPlaces(
  group: RowGroup,
  { column, parts }: AnsweringColumn,
  values: Uint32Array,
  places: Map<number, number[]>,
): void {
  const ranksOf = ranksOfValues(group.columns[column]!, values);
  for (const { template } of parts) {
    const ranks = ranksOf[template];
    if (ranks !== undefined) places.set(template, [...(places.get(template) ?? []), ...ranks]);
  }
}

/** Which leaves the lines at some places satisfy. */
class Outcomes {
  readonly #group: RowGroup;
  readonly #places: Places;
  /** By template: undefined where the header does not decide. */
  readonly #byHeader = new Map<Leaf, readonly (boolean | undefined)[]>();
  readonly #values = new Map<Leaf, ReadonlyMap<number, PickedValues> | undefined>();

  constructor(group: RowGroup, places: Places) {
    this.#group = group;
    this.#places = places;
  }

  /** Returns what all lines of a template have in common; undefined where the header does not decide. */
  byHeader(leaf: Leaf, template: number): boolean | undefined {
    let byHeader = this.#byHeader.get(leaf);
    if (byHeader === undefined) this.#byHeader.set(leaf, (byHeader = headerOutcomes(this.#group, leaf)));
    return byHeader[template];
  }

  /** Returns undefined where neither the header nor values of columns decide. */
  of(leaf: Leaf, template: number, i: number): boolean | undefined {
    const known = this.byHeader(leaf, template);
    if (known !== undefined || !isOfColumns(leaf)) return known;
    if (leaf.ofJson === true) return undefined;
    if (!this.#values.has(leaf)) this.#values.set(leaf, pickedValues(this.#group, leaf.name, this.#places));
    const value = this.#values.get(leaf)?.get(template);
    return value === undefined || value.kind === KIND_ARRAY ? undefined : passesOf(leaf)(value.at(i));
  }
}
