/**
 * The podlog command. Each command's code is imported only when it runs, so that an agent never holds the server's
 * code in memory, nor a server the agent's.
 */
import { describeFailure } from './failure.ts';
import { helpText } from './help.ts';
import { type Invocation, parseInvocation } from './options.ts';
import { readVersion } from './version.ts';

process.stdout.on('error', endQuietly);
process.stderr.on('error', endQuietly);

try {
  const exitCode = await run(parseInvocation(process.argv.slice(2), process.env));
  // Timers and sockets that are left have nothing to finish.
  process.exit(exitCode ?? 0);
} catch (error) {
  const { text, exitCode } = describeFailure(error);
  process.stderr.write(text);
  process.exit(exitCode);
}

async function run(invocation: Invocation): Promise<number | void> {
  switch (invocation.kind) {
    case 'help':
      process.stdout.write(helpText(invocation.about));
      return;
    case 'version':
      process.stdout.write(`podlog ${readVersion()}\n`);
      return;
    case 'up':
      return (await import('./up.ts')).runUp(invocation.options);
    case 'server':
      return (await import('./server.ts')).runServer(invocation.options);
    case 'agent':
      return (await import('./agent.ts')).runAgent(invocation.options);
    case 'forward':
      return (await import('./forward.ts')).runForward(invocation.options);
    case 'check':
      return (await import('./check.ts')).runCheck(invocation.options);
    case 'import':
      return (await import('./import.ts')).runImport(invocation.options);
  }
}

/** Ends without a word when the reader of a pipe has closed it, as `head` does. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
}
