import { join } from 'node:path';
import { test } from 'vitest';
import { killAgainAndAgain } from './kill-rounds.ts';
import { newFolder } from './open-store.ts';

test('killed at random points: exact counts', async () => {
  await killAgainAndAgain(join(await newFolder(), 'data'), 10);
});
