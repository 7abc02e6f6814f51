/**
 * What is known of a log file has parts, and each is written in one room of the agent: only there is a variable declared to be of
 * a type that is not read-only.
 */
import { expect, test } from 'vitest';
import { isCode, isSource, readRepository } from './sources.ts';

const DECLARED_IN = 'agent/files/log-file.ts';
const ROOMS: Readonly<Record<string, string>> = {
  LogFileState: 'agent/files/',
  GunzipState: 'agent/files/',
  ReadingState: 'agent/lines/',
  DeliveryState: 'agent/send/',
  FileDeliveryState: 'agent/send/',
};

const FILES = readRepository();
const SOURCES = [...FILES.keys()].filter((path) => isCode(path) && isSource(path));

test.each(Object.entries(ROOMS))('%s is written in %s alone', (name, room) => {
  const users = SOURCES.filter((path) => new RegExp(`\\b${name}\\b`).test(FILES.get(path)!));
  expect(users).toContain(DECLARED_IN);
  expect(users.filter((path) => path !== DECLARED_IN && !path.startsWith(room))).toEqual([]);
});
