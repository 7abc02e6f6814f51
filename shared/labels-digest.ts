/** The identity of a stream where many streams are in memory: the text of their labels would take that memory twice. */
import { hash } from 'node:crypto';
import { type Labels, labelsKey } from './labels.ts';

/** Returns 44 characters, the same for equal label sets and for no others. */
export function labelsDigest(labels: Labels): string {
  return hash('sha256', labelsKey(labels), 'base64');
}
