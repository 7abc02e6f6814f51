/** What rules say is kept: containers that are not read, lines that are dropped, texts that do not leave the node. */
import { readdirSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { NO_RULES, type PodFacts, type RuleSet } from '../../shared/rules/rule-set.ts';
import { Random } from '../corpus/random.ts';
import { cri, LIVE, numbered, openInodes, rotated, until, worldOfEachTest } from './pods.ts';

const world = worldOfEachTest();

const ASK_MS = 10;
const email = { name: 'email', replace: '[redacted:email]' };
const noDebug = { name: 'no-debug', where: { level: 'debug' } };

function setRules(rules: Partial<RuleSet>, pods: PodFacts[] | null = null): void {
  world.sink.rules = { rules: { ...NO_RULES, ...rules }, pods };
}

function pod(facts: Partial<PodFacts>): PodFacts {
  return { uid: 'uid', labels: {}, exclude: [], parser: 'auto', ...facts };
}

/** Waits until the agent knows the rules that were set. */
async function rulesKnown(): Promise<void> {
  const asked = world.sink.rulesRequests;
  await until(
    () => world.sink.rulesRequests > asked + 1,
    () => 'the rules are not asked for',
  );
}

function isOpen(container: string): boolean {
  return openInodes().has(statSync(world.path(LIVE, container)).ino);
}

const level = (name: string, n: number): string => `{"level":"${name}","n":${n}}`;

test('a container that is excluded is never opened, and others go on', async () => {
  setRules({ exclude: [{ namespace: 'n*', container: 'noisy' }] });
  world.writeLines(['secret'], 'noisy');
  world.writeLines(['a'], 'app');
  await world.start({ rulesAskMs: ASK_MS });
  await world.expectLines(['a']);
  world.writeLines(['secret'], 'noisy');
  world.writeLines(['b'], 'app');
  await world.expectLines(['a', 'b']);
  await world.settled();
  expect(isOpen('app')).toBe(true);
  expect(isOpen('noisy')).toBe(false);
});

test('excluding changes live: files are closed, and read on from where they are stored to', async () => {
  world.writeLines(['a1'], 'a');
  await world.start({ rulesAskMs: ASK_MS });
  await world.expectLines(['a1']);
  setRules({ exclude: [{ container: 'a' }] });
  await until(
    () => !isOpen('a'),
    () => 'the file stays open',
  );
  world.writeLines(['a2'], 'a');
  world.writeLines(['b1'], 'b');
  await world.expectLines(['a1', 'b1']);
  await world.settled();
  setRules({});
  await world.expectLines(['a1', 'b1', 'a2']);
  expect(world.markers()).toEqual([]);
});

test.each(['with the same agent', 'with the next agent'])(
  'a container that is included later: nothing is missing from then on, and nothing is said of what was excluded: %s',
  async (when) => {
    const exclude = [{ container: 'app' }];
    setRules({ exclude });
    world.writeLines(['b0'], 'other');
    world.writeLines(['before'], 'app');
    await world.start({ rulesAskMs: ASK_MS });
    await world.expectLines(['b0']);
    // As many rotations as delete files, and runs that come and go.
    for (let n = 1; n <= 7; n++) {
      world.rename(world.path(LIVE), world.path(rotated(n)));
      if (n > 4) world.remove(world.path(rotated(n - 4)));
      world.writeLines([`excluded ${n}`]);
    }
    for (const name of readdirSync(world.path(''))) world.remove(world.path(name));
    world.write(world.path('2.log.20260101-000009'), cri('kept 1'));
    world.write(world.path('2.log'), cri('kept 2'));
    world.writeLines(['b1'], 'other');
    await world.expectLines(['b0', 'b1']);
    await world.settled();
    if (when === 'with the next agent') await world.stop();
    setRules({});
    if (when === 'with the next agent') await world.start({ rulesAskMs: ASK_MS });
    await world.expectLines(['b0', 'b1', 'kept 1', 'kept 2']);
    world.rename(world.path('2.log'), world.path('2.log.20260101-000010'));
    world.write(world.path('2.log'), cri('new'));
    await world.expectLines(['b0', 'b1', 'kept 1', 'kept 2', 'new']);
    await world.settled();
    expect(world.markers()).toEqual([]);
  },
);

test('only what is included is read, when something is', async () => {
  setRules({ include: [{ container: 'a' }, { pod: 'other*' }] });
  for (const [container, folder] of [['a'], ['b'], ['b', 'ns_other-1_uid2']] as const) {
    world.writeLines([`${container} ${folder ?? ''}`], container, folder);
  }
  await world.start({ rulesAskMs: ASK_MS });
  await world.expectInAnyOrder(['a ', 'b ns_other-1_uid2']);
  await world.settled();
  expect(world.sink.lines).toHaveLength(2);
});

test('annotations and labels of the pod, which change live', async () => {
  const rules = { exclude: [{ labels: { team: 'bi*' } }] };
  setRules(rules, [pod({ exclude: ['a'] })]);
  for (const name of ['a', 'b']) world.writeLines([name], name);
  await world.start({ rulesAskMs: ASK_MS });
  await world.expectLines(['b']);
  expect(isOpen('a')).toBe(false);
  setRules(rules, [pod({ exclude: true })]);
  await until(
    () => !isOpen('b'),
    () => 'b stays open',
  );
  setRules(rules, [pod({ labels: { team: 'shop' } })]);
  await world.expectLines(['b', 'a']);
  setRules(rules, [pod({ labels: { team: 'billing' } })]);
  await until(
    () => !isOpen('a') && !isOpen('b'),
    () => 'files stay open',
  );
});

test('a pod that the server does not know yet is waited for, and not for ever', async () => {
  setRules({}, []);
  world.writeLines(['a']);
  await world.start({ rulesAskMs: ASK_MS });
  expect(isOpen('app')).toBe(false);
  setRules({}, [{ uid: 'uid', labels: {}, exclude: [], parser: 'auto' }]);
  await world.expectLines(['a']);
  world.writeLines(['b'], 'app', 'ns_stranger_uid2');
  await world.expectLines(['a', 'b']);
});

test('an excluded container that goes leaves no marker', async () => {
  world.writeLines(['a1'], 'a');
  await world.start({ rulesAskMs: ASK_MS });
  await world.expectLines(['a1']);
  await world.stop();
  setRules({ exclude: [{ container: 'a' }] });
  world.writeLines(['a2'], 'a');
  await world.start({ rulesAskMs: ASK_MS });
  await world.settled();
  world.remove(world.path(''));
  world.remove(world.path('', 'a'));
  await until(
    () => world.sink.positions.size === 0,
    () => 'the server is not told that the file is gone',
  );
  expect(world.sink.texts()).toEqual(['a1']);
});

test('nothing is sent before the rules are known; files are held open meanwhile', async () => {
  world.sink.isWithoutRules = true;
  setRules({ redact: [email] });
  world.writeLines(['from a@b.example']);
  await world.start({ rulesAskMs: ASK_MS });
  await world.seen(LIVE);
  world.remove(world.path(LIVE));
  await until(
    () => world.metric('retries_total') > 3,
    () => 'no retries',
  );
  expect(world.sink.batches).toBe(0);
  world.sink.isWithoutRules = false;
  await world.expectLines(['from [redacted:email]']);
});

test('rules stay in force while the server is away, and when it forgets them', async () => {
  setRules({ redact: [email] });
  world.writeLines(['1 a@b.example']);
  await world.start({ rulesAskMs: ASK_MS });
  await world.expectLines(['1 [redacted:email]']);
  world.sink.isDown = true;
  world.writeLines(['2 a@b.example']);
  await until(
    () => world.metric('retries_total') > 3,
    () => 'no retries',
  );
  world.sink.rules = undefined;
  world.sink.isDown = false;
  await world.expectLines(['1 [redacted:email]', '2 [redacted:email]']);
});

test('a server that is older than rules has none', async () => {
  world.sink.rules = undefined;
  world.writeLines(['a']);
  await world.start({ rulesAskMs: ASK_MS });
  await world.expectLines(['a']);
});

test('a server that is older than a kind of rules has none of that kind', async () => {
  const { multiline: _, ...older } = NO_RULES;
  world.sink.rules = { rules: { ...older, redact: [email] } as unknown as RuleSet, pods: null };
  world.writeLines(['a@b.example']);
  await world.start({ rulesAskMs: ASK_MS });
  await world.expectLines(['[redacted:email]']);
});

test('a pattern that this agent does not know: nothing is sent', async () => {
  setRules({ redact: [{ name: 'iris-scan', replace: '' }] });
  world.writeLines(['a']);
  await world.start({ rulesAskMs: ASK_MS });
  await until(
    () => world.metric('retries_total') > 3,
    () => 'no retries',
  );
  expect(world.sink.batches).toBe(0);
  setRules({});
  await world.expectLines(['a']);
});

test('dropped lines are counted, and their positions move', async () => {
  setRules({
    drop: [noDebug, { name: 'probes', where: { path: '/api/health/*' } }, { name: 'kube-probe', text: 'kube-probe' }],
  });
  const kept = [level('info', 1), '{"path":"/api/healthy"}', 'plain debug', '{"nested":{"level":"debug"}}'];
  const dropped = [
    level('debug', 1),
    level('debug', 2),
    String.raw`{"path":"\/api\/health\/live","level":"info"}`,
    'GET / kube-probe/1.30',
  ];
  world.writeLines([...dropped, ...kept, ...dropped]);
  await world.start({ rulesAskMs: ASK_MS });
  await world.expectLines(kept);
  const label = (rule: string): string => `dropped_lines_total{rule="${rule}",namespace="ns",container="app"}`;
  await until(
    () => world.metric('lag_bytes') === 0,
    () => 'the position stays behind',
  );
  expect(['no-debug', 'probes', 'kube-probe'].map((rule) => world.metric(label(rule)))).toEqual([4, 2, 2]);
  world.writeLines(dropped);
  await until(
    () => world.metric(label('no-debug')) === 6 && world.metric('lag_bytes') === 0,
    () => 'a batch of dropped lines alone is not stored',
  );
});

test('a level is dropped whatever its logger calls it', async () => {
  setRules({ drop: [noDebug, { name: 'no-notice', where: { level: 'notice', app: 'a*' } }] });
  const dropped = [
    '{"level":"DEBUG"}',
    '{"level":20}',
    '{"severity":"debug"}',
    '{"log":{"level":"Debug"}}',
    '{"time":1,"level":"DEBUG-4"}',
    String.raw`{"@l":"\u0044ebug"}`,
    '{"severity":"NOTICE","app":"api"}',
  ];
  const kept = [
    '{"level":"info","severity":"DEBUG"}',
    '{"level":"audit"}',
    '{"level":7}',
    '{"message":"DEBUG"}',
    '{"severity":"INFO","app":"api"}',
    '{"severity":"NOTICE"}',
  ];
  world.writeLines([...dropped, ...kept, ...dropped]);
  await world.start({ rulesAskMs: ASK_MS });
  await world.expectLines(kept);
});

test('a flood of dropped lines does not stop the batches', async () => {
  setRules({ drop: [noDebug] });
  const lines = Array.from({ length: 60_000 }, (_, n) => `{"level":"debug","n":${n},"x":"${'x'.repeat(100)}"}`);
  world.writeLines([...lines, 'last']);
  await world.start({ rulesAskMs: ASK_MS });
  await world.expectLines(['last']);
  await until(
    () => world.metric('lag_bytes') === 0,
    () => 'the position stays behind',
  );
  expect(world.metric('dropped_lines_total{rule="no-debug",namespace="ns",container="app"}')).toBe(60_000);
});

test('killed at random moments with rules that change: exactly what is to be kept is stored', async () => {
  const random = new Random(Number(process.env['FUZZ_SEED'] ?? 1));
  setRules({ drop: [noDebug], redact: [email] });
  const want: string[] = [];
  let dropped = 0;
  world.sink.fault = () => (random.below(6) === 0 ? 'hang-up' : undefined);
  for (let run = 0; run < 40; run++) {
    const lines: string[] = [];
    for (let i = random.below(300); i >= 0; i--) {
      const name = random.below(2) === 0 ? 'debug' : 'info';
      lines.push(`{"level":"${name}","at":"${run}.${i}","from":"a@b.example"}`);
    }
    want.push(
      ...lines.filter((line) => !line.includes('debug')).map((line) => line.replace('a@b.example', '[redacted:email]')),
    );
    dropped += lines.filter((line) => line.includes('debug')).length;
    world.writeLines(lines);
    await world.start({ rulesAskMs: 1 });
    const requests = world.sink.requests + random.below(5);
    const endMs = performance.now() + random.below(25);
    // A rule more that means nothing: everything that is not sent is read again.
    setRules({ drop: [noDebug, { name: `none-${run}`, text: 'nowhere' }], redact: [email] });
    await until(
      () => world.sink.requests >= requests || performance.now() > endMs,
      () => 'no end',
    );
    await world.stop(run % 2 === 0 ? 0 : 500);
  }
  await world.start({ rulesAskMs: ASK_MS });
  await world.expectLines(want);
  await until(
    () => world.metric('lag_bytes') === 0,
    () => 'the position stays behind',
  );
  expect(world.metric('dropped_lines_total')).toBeLessThanOrEqual(dropped);
});

test('a new redact rule counts for all that is not sent yet', async () => {
  world.sink.fault = () => ({ status: 503, headers: { 'retry-after': '0' } });
  world.writeLines(['first']);
  await world.start({ rulesAskMs: ASK_MS });
  await until(
    () => world.metric('retries_total{reason="503"}') > 0,
    () => 'no batch',
  );
  world.writeLines(numbered('a@b.example', 3));
  setRules({ redact: [email] });
  const asked = world.sink.rulesRequests;
  await until(
    () => world.metric('read_bytes_total') > 200 && world.sink.rulesRequests > asked + 1,
    () => 'the lines are not read',
  );
  world.sink.fault = () => undefined;
  await world.expectLines(['first', ...[0, 1, 2].map(() => `[redacted:email]`)]);
});

test('what is split over partial lines is redacted as one, in lines of any length', async () => {
  setRules({ redact: [email], drop: [{ name: 'quiet', text: 'quiet please' }] });
  const padding = 'x'.repeat(16_000);
  world.write(
    world.path(LIVE),
    [
      cri('mail to some', 'P'),
      cri('body@exam', 'P'),
      cri('ple.org now', 'F'),
      cri('qui', 'P'),
      cri('et please', 'F'),
      ...Array.from({ length: 30 }, () => cri(`${padding} a@b.exa`, 'P') + cri('mple ', 'P')),
      cri('end', 'F'),
    ].join(''),
  );
  await world.start({ rulesAskMs: ASK_MS });
  await world.expectLines(['mail to [redacted:email] now', `${`${padding} [redacted:email] `.repeat(30)}end`]);
  await until(
    () => world.metric('lag_bytes') === 0,
    () => 'the position stays behind',
  );
  expect(world.metric('redactions_total{rule="email",namespace="ns",container="app"}')).toBe(31);
});

test('markers are never dropped', async () => {
  setRules({ drop: [{ name: 'podlog', text: 'podlog' }] });
  world.writeLines(['a long line that is cut', 'podlog: mine']);
  await world.start({ rulesAskMs: ASK_MS });
  await world.expectLines(['a long line that is cut']);
  await until(
    () => world.metric('lag_bytes') === 0,
    () => 'the position stays behind',
  );
  await world.stop();
  world.remove(world.path(LIVE));
  await world.start({ rulesAskMs: ASK_MS });
  await until(
    () => world.markers().length === 1,
    () => 'no marker',
  );
  expect(world.markers()[0]).toContain('may have been lost');
});

/** What is stored of a container, in order. */
const storedOf = (name: string): string[] =>
  world.sink.lines.filter(({ container }) => container === name).map(({ text }) => text);

async function expectStored(want: Readonly<Record<string, readonly string[]>>): Promise<void> {
  const isThere = (): boolean => Object.entries(want).every(([name, texts]) => storedOf(name).join() === texts.join());
  await until(isThere, () => JSON.stringify(Object.keys(want).map((name) => [name, storedOf(name)])));
}

const TRACE = ['java.lang.Error: x', '\tat a.B.c(B.java:1)'];

test.each([{ kind: 'traces' }, { kind: 'off' }] as const)(
  'the first start pattern for a container counts, and without one what the flags say: %o',
  async (multiline) => {
    setRules({
      multiline: [
        { selector: { container: 'db' }, start: '^\\d' },
        { selector: { container: 'd*' }, start: '^(é|$)' },
      ],
    });
    const lines = ['1 a', ...TRACE, 'b', '2 c', '', 'd', Buffer.from('é').toString('latin1'), '{"e":1}'];
    for (const name of ['db', 'dns', 'app']) world.writeLines(lines, name);
    await world.start({ rulesAskMs: ASK_MS, multiline });
    const [one, head, frame, b, two, empty, d, accented, json] = lines as [string, ...string[]];
    await expectStored({
      db: [[one, head, frame, b].join('\n'), [two, empty, d, accented].join('\n'), json!],
      dns: [[one, head, frame, b, two].join('\n'), [empty, d].join('\n'), accented!, json!],
      app: multiline.kind === 'off' ? lines : [one, [head, frame].join('\n'), ...lines.slice(3)],
    });
  },
);

test('start patterns change live, also for what waits and what is on its way', async () => {
  const multiline = [
    { selector: { labels: { team: 'db' } }, start: '^\\d' },
    { selector: { labels: { team: '*' } }, start: '^[a-z]' },
  ];
  setRules({ multiline }, [pod({ labels: { team: 'db' } })]);
  world.writeLines(['1', 'a', '2', 'b', '{}']);
  await world.start({ rulesAskMs: ASK_MS });
  const want = ['1\na', '2\nb', '{}'];
  await world.expectLines(want);
  world.sink.fault = () => ({ status: 503, headers: { 'retry-after': '0' } });
  world.writeLines(['3', 'c', '4']);
  await until(
    () => world.metric('retries_total{reason="503"}') > 0,
    () => 'no batch',
  );
  world.writeLines(['d', '5', 'e']);
  setRules({ multiline }, [pod({ labels: { team: 'shop' } })]);
  await rulesKnown();
  world.sink.fault = () => undefined;
  want.push('3\nc', '4', 'd\n5', 'e');
  await world.expectLines(want);
  setRules({}, [pod({})]);
  await rulesKnown();
  world.writeLines(['f', '6']);
  await world.expectLines([...want, 'f', '6']);
});
