/** Lines of a text that arrives in pieces. */

/** Yields the lines that a piece ends, together. */
export async function* linesAsTheyArrive(body: ReadableStream<Uint8Array>): AsyncGenerator<readonly string[]> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      const lines = (rest + (done ? decoder.decode() : decoder.decode(value, { stream: true }))).split('\n');
      rest = lines.pop()!;
      const whole = (done ? [...lines, rest] : lines).filter((line) => line !== '');
      if (whole.length > 0) yield whole;
      if (done) return;
    }
  } finally {
    // Whoever stops reading ends the answer.
    reader.cancel().catch(() => undefined);
  }
}
