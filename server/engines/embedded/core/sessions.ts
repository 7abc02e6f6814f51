/** The sessions that have ended, on disk: one file, `sessions.json`, replaced as a whole. Backups have none. */
import { join } from 'node:path';
import type { Logger } from 'pino';
import * as v from 'valibot';
import { type EndedSessions, NONE_ENDED, type SessionAbility } from '../../../store/sessions.ts';
import { type Disk, realDisk } from '../platform/disk.ts';
import { decodeJsonFile, encodeJsonFile } from '../platform/json-file.ts';
import { SESSIONS_FILE } from '../platform/filenames.ts';
import { readReplacedFile, writeReplacedFile } from './replaced-file.ts';

const ENDED = {
  what: 'the file of ended sessions',
  schema: v.object({
    beganMsMax: v.number(),
    sessions: v.array(v.object({ id: v.nullable(v.string()), caller: v.string(), beganMs: v.number() })),
  }),
};

export class Sessions implements SessionAbility {
  readonly key: Uint8Array;
  readonly #disk: Disk;
  readonly #dataDir: string;
  #ended: EndedSessions;
  /** Settles when the last change is on disk; never rejects. */
  #saving: Promise<unknown> = Promise.resolve();

  /** Where the file cannot be used, all sessions from before have ended: people sign in again, and no thief does. */
  static async open(
    dataDir: string,
    key: Uint8Array,
    log: Pick<Logger, 'error'>,
    { disk = realDisk, nowMs = Date.now() }: { readonly disk?: Disk; readonly nowMs?: number } = {},
  ): Promise<Sessions> {
    const file = {
      dataDir,
      path: join(dataDir, SESSIONS_FILE),
      decode: decodeEnded,
      unreadable: 'the file of ended sessions cannot be read; all sessions from before have ended',
    };
    const ended = await readReplacedFile(disk, file, log);
    const sessions = new Sessions(disk, dataDir, key, ended ?? NONE_ENDED);
    // Where that fails, the next start ends those from before it.
    if (ended === null) await sessions.saveEnded({ beganMsMax: nowMs, sessions: [] }).catch(() => {});
    return sessions;
  }

  private constructor(disk: Disk, dataDir: string, key: Uint8Array, ended: EndedSessions) {
    this.#disk = disk;
    this.#dataDir = dataDir;
    this.key = key;
    this.#ended = ended;
  }

  ended(): EndedSessions {
    return this.#ended;
  }

  /** What cannot be written holds until the process ends. */
  saveEnded(ended: EndedSessions): Promise<void> {
    this.#ended = ended;
    const saved = this.#write(this.#saving);
    this.#saving = saved.catch(() => {});
    return saved;
  }

  /** One after the other, each with all that is in force then. */
  async #write(before: Promise<unknown>): Promise<void> {
    await before;
    const path = join(this.#dataDir, SESSIONS_FILE);
    await writeReplacedFile(
      this.#disk,
      path,
      encodeEnded(this.#ended),
      'the session has ended, but may be back after a restart',
    );
  }
}

function encodeEnded({ beganMsMax, sessions }: EndedSessions): string {
  return encodeJsonFile({ beganMsMax, sessions: sessions.map(({ id = null, ...rest }) => ({ id, ...rest })) });
}

/** @throws CorruptionError */
function decodeEnded(text: string): EndedSessions {
  const { beganMsMax, sessions } = decodeJsonFile(text, ENDED);
  return { beganMsMax, sessions: sessions.map(({ id, ...rest }) => ({ id: id ?? undefined, ...rest })) };
}
