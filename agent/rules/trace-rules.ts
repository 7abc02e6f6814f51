/**
 * The rules that need no configuration: panics and stack traces of Go, the JVM, JavaScript, .NET, Python and Ruby. A trace is
 * recognized by what follows its first line, so any line of text may begin one, and waits a moment for the next. Lines are
 * classified by their first few bytes, except for a Go call and a Ruby frame, which are examined as a whole.
 *
 * A trace takes the line of text before it if a logger wrote that line, and if the runtime marks uncaught traces as such, as the
 * JVM, .NET and Go do. Those of Python, JavaScript and Ruby look the same whether they were logged or ended the process, and must
 * not be hidden behind a line of level `info`; only Ruby's frames without a header certainly come from a logger.
 */
import { isDigit } from '../../shared/ascii.ts';
import { errorCodeEnd } from '../../shared/row-group/line-formats/exception.ts';
import { byteAt } from '../../shared/row-group/line-formats/scan.ts';
import { ALONE, IF_LOGGED, type EntryRules } from './entry-rules.ts';
import { ENTRY_IDLE_MS_MAX, LONE_LINE_MS_MAX } from '../limits.ts';

/** A line of text. A stack frame, a cause or a goroutine may follow. */
const TEXT = 1;
/** Like TEXT, but it names an exception: frames certainly follow. */
const EXCEPTION = 2;
/** In the frames of the JVM, JavaScript, .NET or Ruby, or in a Python exception group: every indented line belongs to them. */
const FRAMES = 3;
/** In a panic, a fatal error or a dump of goroutines. */
const GO = 4;
/** In the frames of Python, which end with a line that is not indented and names the exception. */
const PYTHON_FRAMES = 5;
const PYTHON_END = 6;
/** Between the traces of chained exceptions. */
const PYTHON_CHAIN = 7;
/** In the frames of Ruby as its loggers write them, without an indent. */
const RUBY_FRAMES = 8;
/** In an entry of .NET's console logger, whose message and exception are indented. */
const NET_ENTRY = 9;

const TAB = 0x09;
const SPACE = 0x20;
const QUOTE = 0x27;
const PLUS = 0x2b;
const DOT = 0x2e;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const BACKQUOTE = 0x60;
const CLOSE_BRACE = 0x7d;
const OPEN_PARENTHESIS = 0x28;
const CLOSE_PARENTHESIS = 0x29;

const word = (text: string): Buffer => Buffer.from(text, 'latin1');
const AT = word('at ');
const MORE = word('... ');
const CAUSED_BY = word('Caused by: ');
const SUPPRESSED = word('Suppressed: ');
const INNER = word('---> ');
const END_OF = word('--- End of ');
const IN_THREAD = word('Exception in thread ');
const UNHANDLED = word('Unhandled exception');
const THROWABLES = [word('Exception'), word('Error'), word('Throwable')] as const;
const PANIC = word('panic: ');
const FATAL_ERROR = word('fatal error: ');
const GOROUTINE = word('goroutine ');
const CREATED_BY = word('created by ');
const SIGNAL = word('[signal ');
const SIG = word('SIG');
const PC = word('PC=0x');
const RUNTIME_STACK = word('runtime stack:');
const ELIDED = word('...');
const EXIT_STATUS = word('exit status ');
const HEX = word('0x');
const TRACEBACK = word('Traceback (most recent call last):');
const TRACEBACK_OF_GROUP = word('+ Exception Group Traceback (most recent call last):');
const DURING = word('During handling of the above exception, another exception occurred:');
const DIRECT_CAUSE = word('The above exception was the direct cause of the following exception:');
const FROM = word('from ');
const IN = word(':in ');
const NET_LEVELS = ['trce: ', 'dbug: ', 'info: ', 'warn: ', 'fail: ', 'crit: '].map(word);

export class TraceRules implements EntryRules {
  /** No line of a trace begins with a brace. */
  isObject(): boolean {
    return true;
  }

  begin(bytes: Uint8Array, start: number, end: number): number {
    const at = afterIndent(bytes, start, end);
    if (at > start) return startsWith(bytes, at, end, TRACEBACK_OF_GROUP) ? FRAMES : TEXT;
    if (startsWith(bytes, at, end, TRACEBACK)) return PYTHON_FRAMES;
    if (startsWith(bytes, at, end, PANIC) || startsWith(bytes, at, end, FATAL_ERROR)) return GO;
    if (isGoroutine(bytes, at, end) || isSignal(bytes, at, end)) return GO;
    if (startsWith(bytes, at, end, IN_THREAD) || startsWith(bytes, at, end, UNHANDLED)) return EXCEPTION;
    if (isException(bytes, at, end)) return EXCEPTION;
    if (isNetHeader(bytes, at, end)) return NET_ENTRY;
    return isRubyFrame(bytes, at, end) ? RUBY_FRAMES : TEXT;
  }

  next(state: number, bytes: Uint8Array, start: number, end: number): number {
    const at = afterIndent(bytes, start, end);
    switch (state) {
      case TEXT:
        if (isFirstFrame(bytes, start, at, end)) return FRAMES;
        return at === start ? nextOfLogged(bytes, at, end) : ALONE;
      case EXCEPTION:
        return isFirstFrame(bytes, start, at, end) ? FRAMES : ALONE;
      case FRAMES:
        return isOfFrames(bytes, start, at, end) ? FRAMES : ALONE;
      case GO:
        return isOfGo(bytes, start, at, end) ? GO : ALONE;
      case PYTHON_FRAMES:
        return at > start ? PYTHON_FRAMES : PYTHON_END;
      case PYTHON_END:
        if (at > start) return PYTHON_END;
        return at === end ? PYTHON_CHAIN : ALONE;
      case PYTHON_CHAIN:
        return nextOfChain(bytes, at, end);
      case RUBY_FRAMES:
        return at === start && isRubyFrame(bytes, at, end) ? RUBY_FRAMES : ALONE;
      case NET_ENTRY:
        return at > start ? NET_ENTRY : ALONE;
      default:
        throw new Error(`BUG: an entry cannot be in state ${state}`);
    }
  }

  idleMsMax(state: number): number {
    // A console logger writes an entry at once.
    return state === TEXT || state === NET_ENTRY ? LONE_LINE_MS_MAX : ENTRY_IDLE_MS_MAX;
  }
}

function isFirstFrame(bytes: Uint8Array, start: number, at: number, end: number): boolean {
  if (at === start) return startsWith(bytes, at, end, CAUSED_BY);
  return (
    startsWith(bytes, at, end, AT) ||
    startsWith(bytes, at, end, INNER) ||
    startsWith(bytes, at, end, SUPPRESSED) ||
    isOmission(bytes, at, end) ||
    (startsWith(bytes, at, end, FROM) && isRubyFrame(bytes, at + FROM.length, end))
  );
}

/** Returns the state in a trace that begins with this line, if the line of text before it logs it. */
function nextOfLogged(bytes: Uint8Array, start: number, end: number): number {
  if (isException(bytes, start, end)) return EXCEPTION | IF_LOGGED;
  if (isGoroutine(bytes, start, end)) return GO | IF_LOGGED;
  return isRubyFrame(bytes, start, end) ? RUBY_FRAMES | IF_LOGGED : ALONE;
}

function isOfFrames(bytes: Uint8Array, start: number, at: number, end: number): boolean {
  if (at > start) return at < end;
  // Node.js prints an error's own properties in braces after its frames.
  if (end - at === 1 && bytes[at] === CLOSE_BRACE) return true;
  return startsWith(bytes, at, end, CAUSED_BY) || startsWith(bytes, at, end, END_OF);
}

function isOfGo(bytes: Uint8Array, start: number, at: number, end: number): boolean {
  if (at > start || at === end) return true;
  return (
    isGoroutine(bytes, at, end) ||
    startsWith(bytes, at, end, CREATED_BY) ||
    startsWith(bytes, at, end, SIGNAL) ||
    startsWith(bytes, at, end, PC) ||
    startsWith(bytes, at, end, RUNTIME_STACK) ||
    startsWith(bytes, at, end, ELIDED) ||
    startsWith(bytes, at, end, EXIT_STATUS) ||
    isRegister(bytes, at, end) ||
    isGoCall(bytes, at, end)
  );
}

function nextOfChain(bytes: Uint8Array, at: number, end: number): number {
  if (startsWith(bytes, at, end, TRACEBACK)) return PYTHON_FRAMES;
  if (at === end || startsWith(bytes, at, end, DURING) || startsWith(bytes, at, end, DIRECT_CAUSE)) return PYTHON_CHAIN;
  return ALONE;
}

/** `goroutine 1 [running]:`, `goroutine 0 gp=0x5b2d40 m=0 mp=0x5b36e0 [idle]:` */
function isGoroutine(bytes: Uint8Array, start: number, end: number): boolean {
  if (!startsWith(bytes, start, end, GOROUTINE)) return false;
  const first = start + GOROUTINE.length;
  const at = afterDigits(bytes, first, end);
  return at > first && bytes[at] === SPACE && bytes[end - 1] === COLON && bytes[end - 2] === CLOSE_BRACKET;
}

/** `SIGQUIT: quit`, which Go prints for a fatal signal. */
function isSignal(bytes: Uint8Array, start: number, end: number): boolean {
  if (!startsWith(bytes, start, end, SIG)) return false;
  let at = start + SIG.length;
  while (at < end && bytes[at]! >= 0x41 && bytes[at]! <= 0x5a) at++;
  return at > start + SIG.length && end - at > 2 && bytes[at] === COLON && bytes[at + 1] === SPACE;
}

/** `main.(*Server).handle(0xc000010000, {0x4a7e40?, 0x1})`: no space before the first parenthesis, and the last byte closes it. */
function isGoCall(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[end - 1] !== CLOSE_PARENTHESIS || !isNameByte(bytes[start]!)) return false;
  for (let at = start; at < end; at++) {
    if (bytes[at] === OPEN_PARENTHESIS) return true;
    if (bytes[at] === SPACE) return false;
  }
  return false;
}

/** `rip    0x45a5c1`, a register as a fatal signal prints them. */
function isRegister(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && isLowerOrDigit(bytes[at]!)) at++;
  return at > start && startsWith(bytes, afterIndent(bytes, at, end), end, HEX) && bytes[at] === SPACE;
}

/** `... 12 more`, `... 3 common frames omitted` */
function isOmission(bytes: Uint8Array, start: number, end: number): boolean {
  if (!startsWith(bytes, start, end, MORE)) return false;
  const first = start + MORE.length;
  return afterDigits(bytes, first, end) > first;
}

/** `/app/orders.rb:2:in 'Orders#add'`, with a backquote before Ruby 3.4. The header of a trace goes on after the last quote. */
function isRubyFrame(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < IN.length || bytes[end - 1] !== QUOTE) return false;
  for (let at = start + 1; at < end - IN.length; at++) {
    if (bytes[at] !== COLON || !startsWith(bytes, at, end, IN) || !isDigit(bytes[at - 1]!)) continue;
    const quote = bytes[at + IN.length];
    return quote === QUOTE || quote === BACKQUOTE;
  }
  return false;
}

/** `fail: Shop.Orders[17]`: level, category and number of an event. */
function isNetHeader(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[end - 1] !== CLOSE_BRACKET || !NET_LEVELS.some((level) => startsWith(bytes, start, end, level)))
    return false;
  let at = end - 2;
  while (at > start && isDigit(bytes[at]!)) at--;
  return at < end - 2 && bytes[at] === OPEN_BRACKET;
}

/**
 * `java.lang.IllegalStateException: text`, `System.Net.Sockets.SocketException (111): text`: a qualified name of a class that is
 * thrown, and nothing before it.
 */
function isException(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  let lastDot = -1;
  while (at < end && (isNameByte(bytes[at]!) || bytes[at] === DOT || bytes[at] === PLUS)) {
    if (bytes[at] === DOT) lastDot = at;
    at++;
  }
  if (lastDot < 0 || (at < end && byteAt(bytes, errorCodeEnd(bytes, at, end), end) !== COLON)) return false;
  for (const name of THROWABLES) {
    if (at - name.length > lastDot && startsWith(bytes, at - name.length, at, name)) return true;
  }
  return false;
}

function startsWith(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  if (end - start < text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text[i]) return false;
  return true;
}

function afterIndent(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
  return at;
}

function afterDigits(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isDigit(bytes[at]!)) at++;
  return at;
}

function isLowerOrDigit(byte: number): boolean {
  return (byte >= 0x61 && byte <= 0x7a) || isDigit(byte);
}

/** Whether a byte may be part of an identifier in Java or Go; all that is not ASCII counts as a letter. */
function isNameByte(byte: number): boolean {
  return isLowerOrDigit(byte) || (byte >= 0x41 && byte <= 0x5a) || byte === 0x5f || byte === 0x24 || byte >= 0x80;
}
