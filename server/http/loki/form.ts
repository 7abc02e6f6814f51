/** Parameters of a request of Loki's API: in the URL, in a form that was posted, or both. Unknown ones are ignored, as Loki does. */
import type { FastifyRequest } from 'fastify';
import { PodlogError } from '../../../shared/errors.ts';
import { LOKI_FORM_BYTES_MAX } from '../../limits.ts';
import { assertDecodableForm } from '../encoded-parameters.ts';

/** A request that cannot be answered, in the words of Loki. */
export class LokiRequestError extends PodlogError {
  constructor(message: string, status = 400) {
    super('PODLOG_BAD_LOKI_REQUEST', status, message);
  }
}

export class Form {
  readonly #values: URLSearchParams;

  constructor(values: URLSearchParams) {
    this.#values = values;
  }

  /** Returns the first value; an empty one counts as none. */
  get(name: string): string | undefined {
    const value = this.#values.get(name);
    return value === null || value === '' ? undefined : value;
  }

  /** Returns all values but empty ones. */
  all(name: string): string[] {
    return this.#values.getAll(name).filter((value) => value !== '');
  }

  /** Returns all values of several names, empty ones, too. */
  given(...names: readonly string[]): string[] {
    return names.flatMap((name) => this.#values.getAll(name));
  }
}

/** @throws LokiRequestError, ParameterError */
export function formOf({ url, body, headers }: FastifyRequest): Form {
  const at = url.indexOf('?');
  const asked = new URLSearchParams(at < 0 ? '' : url.slice(at + 1));
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '');
  if (!Buffer.isBuffer(body) || !isForm) return new Form(asked);
  if (body.length > LOKI_FORM_BYTES_MAX)
    throw new LokiRequestError(`the form is larger than ${LOKI_FORM_BYTES_MAX} bytes`, 413);
  assertDecodableForm(body);
  const values = new URLSearchParams(body.toString());
  for (const [name, value] of asked) values.append(name, value);
  return new Form(values);
}
