/** `POST /snapshots?name=…`, `GET /snapshots`, `DELETE /snapshots/{name}`: backups of the data folder. */
import type { FastifyInstance } from 'fastify';
import { ParameterError, PodlogError } from '../../shared/errors.ts';
import type { BackupAbility, BackupInfo } from '../store/backup.ts';

export interface BackupRoutes {
  readonly backups: BackupAbility;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Becomes the name of a folder. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export function registerBackups(app: FastifyInstance, { backups, now }: BackupRoutes): void {
  app.post<{ Querystring: { name?: string | string[] } }>('/snapshots', async (request, reply) => {
    const created = await backups.create(nameOf(request.query.name ?? defaultName(now())));
    return reply.code(201).send(answerOf(created));
  });

  app.get('/snapshots', async () => ({ snapshots: (await backups.list()).map(answerOf) }));

  app.delete<{ Params: { name: string } }>('/snapshots/:name', async (request, reply) => {
    if (!(await backups.remove(nameOf(request.params.name)))) {
      throw new PodlogError('PODLOG_NO_SNAPSHOT', 404, 'there is no such snapshot; GET /snapshots lists them');
    }
    return reply.code(204).send();
  });
}

/** Returns `2026-11-23T20-13-05.123Z`: sorts by age, and has no colons, which some file systems refuse. */
function defaultName(nowMs: number): string {
  return new Date(nowMs).toISOString().replaceAll(':', '-');
}

function nameOf(name: string | string[]): string {
  if (typeof name === 'string' && NAME.test(name)) return name;
  throw new ParameterError(
    'name',
    'not a valid name',
    'up to 64 letters, digits, ".", "_" and "-"',
    'name=before-upgrade',
  );
}

function answerOf({ name, path, problem, sizeBytes, segmentCount, rowCount }: BackupInfo) {
  if (problem !== undefined) return { name, path, problem };
  return { name, path, bytes: sizeBytes, segments: segmentCount, rows: rowCount };
}
