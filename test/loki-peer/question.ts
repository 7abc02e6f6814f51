/** What both servers are asked, and what they answer. */
export interface Question {
  readonly method: 'GET' | 'POST';
  /** With its parameters. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
  /** The query, or what else tells questions apart in the report. */
  readonly about: string;
}

export interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
}

/** A connection that breaks is tried again; an answer that never comes has no status. */
export async function ask(base: string, { method, path, headers, body }: Question): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(base + path, {
        method,
        headers,
        ...(body !== undefined && { body }),
        redirect: 'manual',
      });
      return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
    } catch (error) {
      if (attempt === ATTEMPTS_MAX) return { status: 0, type: null, text: String(error) };
    }
  }
}

const ATTEMPTS_MAX = 3;
