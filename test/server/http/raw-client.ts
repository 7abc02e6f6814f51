/** A client that sends exactly the bytes that a test wants, which no HTTP library would. */
import { connect, type Socket } from 'node:net';

export class RawClient {
  readonly #socket: Socket;
  /** All that came, a character for each byte. */
  text = '';
  isClosed = false;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text: string) => (this.text += text));
    this.#socket.on('close', () => (this.isClosed = true));
    // A connection that the server cuts off is what a test waits for, not a failure.
    this.#socket.on('error', () => {});
  }

  send(text: string | Buffer): this {
    this.#socket.write(text);
    return this;
  }

  /** Takes nothing more of what the server sends. */
  stopReading(): this {
    this.#socket.pause();
    return this;
  }

  /** Status codes of the answers so far. */
  get statuses(): number[] {
    return [...this.text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
  }

  /** The port at this end. */
  get localPort(): number | undefined {
    return this.#socket.localPort;
  }

  close(): void {
    this.#socket.destroy();
  }
}
