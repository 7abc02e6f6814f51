/** The identity of a stream where many streams are in memory: its labels' own text would be there once more. */
import { hash } from 'node:crypto';
import { type Labels, labelsKey } from './labels.ts';

/** 44 characters, the same for equal label sets and for no others. */
export function labelsDigest(labels: Labels): string {
  return hash('sha256', labelsKey(labels), 'base64');
}
