/**
 * The page in a real Chromium: how soon it is there on a cold cache, how soon a search is answered over the lines of an hour,
 * whether a list of 100,000 lines scrolls at the rate of the screen, what 500 new lines a second cost, and what the server
 * pays for a page that is left open and for ten live tails.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import { quantile } from './figure.ts';
import { type Bench, waitFor } from './harness.ts';
import { post, type ServerProcess, startServerProcess } from './podlog.ts';
import { sendSpools } from './send.ts';
import { spoolBatches } from './spool.ts';
import { waitUntilIdle } from './store.ts';
import { TARGETS } from './targets.ts';

const HOUR_MS = 3_600_000;
/** Its promises are about an hour of ten million lines. */
const LINES_FACTOR = 5;
const LOADS = 5;
const SEARCHES = ['level:error', 'status>=500', 'timeout', 'namespace:shop -level:debug', ''];
const SCROLLED_LINES = 100_000;
const SCROLL_MS = 4_000;
/** Each frame: 12,000 a second is a hard fling. */
const SCROLL_PX = 200;
const LIVE_LINES_PER_SECOND = 500;
const LIVE_SECONDS = 10;
const OPEN_MS = 15_000;
const TAILS = 10;

export async function benchPage(each: Bench): Promise<void> {
  const bench = { ...each, lineCount: LINES_FACTOR * each.lineCount };
  const { dir, lineCount, progress } = bench;
  const spoolDir = join(dir, 'spool');
  mkdirSync(spoolDir);
  progress(`page: encoding the batches of ${lineCount} lines of an hour`);
  const { spools } = await spoolBatches(bench, spoolDir, Date.now() - HOUR_MS, lineCount / (HOUR_MS / 1e3));
  const server = await startServerProcess(join(dir, 'data'));
  await sendSpools(spools, server.url, { acknowledgedRows: 0, waits: 0, stopped: false });
  for (const spool of spools) spool.close();
  await waitUntilIdle(server.url, server.child);
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    await benchLoads(bench, server, browser);
    await benchSearches(bench, server, browser);
    await benchOpen(bench, server, browser);
    await benchLive(bench, server, browser);
    await benchTails(bench, server);
    await benchScroll(bench, server, browser);
  } finally {
    await browser.close();
    await server.child.stop();
  }
}

async function open(browser: Browser, url: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  await page.addInitScript(SCRIPT);
  await page.goto(url);
  return page;
}

/** Notes in the page when the search field, lines and bars change. A text: this module has no DOM. */
const SCRIPT = `
  window.bench = { search: [], lines: [], bars: [] };
  addEventListener('keydown', ({ key }) => {
    if (key === 'Enter') window.bench = { search: [], lines: [], bars: [], asked: performance.now() };
  }, true);
  new MutationObserver((changes) => {
    const note = (name) => { if (window.bench[name].at(-1) !== performance.now()) window.bench[name].push(performance.now()); };
    if (document.getElementById('search') !== null) note('search');
    for (const { target } of changes) {
      if (target.nodeType === 1 && target.closest('.lines-in-sight, .lines-height') !== null) note('lines');
      if (target.nodeType === 1 && target.closest('.plot') !== null) note('bars');
    }
  }).observe(document, { childList: true, subtree: true, attributes: true });
`;

/** Each in a context of its own, so that nothing is cached. */
async function benchLoads({ progress, report }: Bench, { url }: ServerProcess, browser: Browser): Promise<void> {
  progress(`page: ${LOADS} loads`);
  const paints: number[] = [];
  const fields: number[] = [];
  const lines: number[] = [];
  for (let i = 0; i < LOADS; i++) {
    const page = await open(browser, `${url}/`);
    await page.locator('.line').first().waitFor();
    paints.push(await page.evaluate(`performance.getEntriesByName('first-contentful-paint')[0].startTime`));
    fields.push(await page.evaluate('bench.search[0]'));
    lines.push(await page.evaluate('bench.lines[0]'));
    await page.context().close();
  }
  const ms = (name: string, values: readonly number[], target?: (typeof TARGETS)['pagePaintMs']): void =>
    report({ name: `page, cold: ${name}, p50`, value: quantile(values, 0.5), unit: 'ms', target });
  ms('first paint', paints, TARGETS.pagePaintMs);
  ms('interactive', fields, TARGETS.pageInteractiveMs);
  ms('first lines', lines);
}

async function benchSearches({ lineCount, progress, report }: Bench, { url }: ServerProcess, browser: Browser) {
  progress(`page: ${SEARCHES.length} searches of ${lineCount} lines`);
  const page = await open(browser, `${url}/`);
  await page.locator('.facets-list .value-row').first().waitFor();
  const lines: number[] = [];
  const bars: number[] = [];
  const facets: number[] = [];
  for (const text of SEARCHES) {
    await page.locator('#search').fill(text);
    await page.evaluate('performance.clearResourceTimings()');
    await page.keyboard.press('Enter');
    // The names of fields, values that complete what is typed, and changes have requests of their own.
    const answered = (...marks: readonly string[]): string =>
      `Math.min(...performance.getEntriesByType('resource').filter(({ name, responseEnd }) => responseEnd > 0 && ${JSON.stringify(marks)}.every((each) => name.includes(each))).map((each) => each.responseEnd))`;
    const answers = {
      lines: answered('/logs?', 'order='),
      bars: answered('/histogram?'),
      fields: answered('/fields?', 'own=false'),
      apps: answered('/aggregate?', 'by=container'),
    };
    for (const [what, at] of Object.entries(answers)) {
      await waitFor(async () => Number.isFinite(await page.evaluate<number>(at)), {
        what: `${what} are answered`,
        msMax: 60_000,
      });
    }
    // What is drawn after the answer is there; what changes before is the search text.
    const drawn = (what: string, at: string): string =>
      `(bench.${what}.find((each) => each >= ${at}) ?? ${at}) - bench.asked`;
    lines.push(await page.evaluate(drawn('lines', answers.lines)));
    bars.push(await page.evaluate(drawn('bars', answers.bars)));
    facets.push(await page.evaluate(`Math.max(${answers.fields}, ${answers.apps}) - bench.asked`));
  }
  await page.context().close();
  report({
    name: 'page, search: first lines, p50',
    value: quantile(lines, 0.5),
    unit: 'ms',
    target: TARGETS.pageLinesMs,
  });
  report({ name: 'page, search: histogram, p50', value: quantile(bars, 0.5), unit: 'ms', target: TARGETS.pageBarsMs });
  report({ name: 'page, search: values, p50', value: quantile(facets, 0.5), unit: 'ms', target: TARGETS.pageFacetsMs });
}

async function benchOpen({ progress, report }: Bench, { url, child }: ServerProcess, browser: Browser): Promise<void> {
  const page = await open(browser, `${url}/`);
  await page.locator('.facets-list .value-row').first().waitFor();
  await sleep(2_000);
  progress(`page: left open for ${OPEN_MS / 1e3} s`);
  const before = child.cpuSeconds();
  await sleep(OPEN_MS);
  const percent = ((child.cpuSeconds() - before) / (OPEN_MS / 1e3)) * 100;
  await page.context().close();
  report({
    name: 'page, left open: of a core of the server',
    value: percent,
    unit: '%',
    target: TARGETS.pageOpenPercent,
  });
}

async function benchLive({ progress, report }: Bench, { url }: ServerProcess, browser: Browser): Promise<void> {
  progress(`page: ${LIVE_LINES_PER_SECOND} lines a second for ${LIVE_SECONDS} s`);
  const page = await open(browser, `${url}/live?q=app:live`);
  await page.getByText('Following').waitFor();
  const frames = await startFrames(page);
  const paceMs = 100;
  const perPost = (LIVE_LINES_PER_SECOND * paceMs) / 1e3;
  let sent = 0;
  for (let tick = 0; tick < (LIVE_SECONDS * 1e3) / paceMs; tick++) {
    const from = performance.now();
    const lines = Array.from({ length: perPost }, () => `{"level":"info","message":"live ${sent++}","user_id":12345}`);
    await post(`${url}/ingest?app=live`, 'application/x-ndjson', Buffer.from(lines.join('\n')));
    await sleep(Math.max(0, paceMs - (performance.now() - from)));
  }
  const rows = `Number(document.querySelector('[role=treegrid]')?.getAttribute('aria-rowcount'))`;
  await waitFor(async () => (await page.evaluate<number>(rows)) >= sent, {
    what: 'every line is shown',
    msMax: 60_000,
  });
  reportFrames(report, 'page, live', await frames());
  const shown = await page.evaluate<number>(rows);
  report({
    name: 'page, live: lines lost or doubled',
    value: Math.abs(shown - sent),
    unit: '',
    target: TARGETS.linesLostOrDoubled,
  });
  await page.context().close();
}

/** What ten tails take besides what the server has taken for the lines themselves. */
async function benchTails({ progress, report }: Bench, { url, child }: ServerProcess): Promise<void> {
  progress(`page: ${TAILS} live tails`);
  const before = child.megabytes();
  const ended = new AbortController();
  const tails = Array.from({ length: TAILS }, async () => {
    const response = await fetch(`${url}/logs?follow=true&limit=200`, { signal: ended.signal });
    for await (const chunk of response.body!) void chunk;
  });
  for (let i = 0; i < 50; i++) {
    const lines = Array.from({ length: 50 }, (_, n) => `{"level":"info","message":"tail ${i} ${n}"}`);
    await post(`${url}/ingest?app=tails`, 'application/x-ndjson', Buffer.from(lines.join('\n')));
    await sleep(100);
  }
  const more = child.megabytes() - before;
  ended.abort();
  await Promise.allSettled(tails);
  report({
    name: `page, ${TAILS} live tails: more memory`,
    value: more,
    unit: 'MB',
    target: TARGETS.pageTailsMegabytes,
  });
}

async function benchScroll({ lineCount, progress, report }: Bench, { url }: ServerProcess, browser: Browser) {
  const wanted = Math.min(SCROLLED_LINES, lineCount);
  progress(`page: loading ${wanted} lines to scroll through`);
  const page = await open(browser, `${url}/?since=2h`);
  await page.locator('.line').first().waitFor();
  const toEnd = `(() => {
    const list = document.querySelector('.lines');
    list.scrollTop = list.scrollHeight;
    return Number(list.getAttribute('aria-rowcount'));
  })()`;
  await waitFor(async () => (await page.evaluate<number>(toEnd)) >= wanted, {
    what: `${wanted} lines are loaded`,
    msMax: 300_000,
    pauseMs: 5,
  });
  const rows = await page.locator('.line').count();
  const elements = await page.evaluate<number>(`document.querySelectorAll('.lines *').length`);
  const frames = await startFrames(page);
  await page.evaluate(`new Promise((done) => {
    const list = document.querySelector('.lines');
    const end = performance.now() + ${SCROLL_MS};
    let step = -${SCROLL_PX};
    const next = () => {
      list.scrollTop += step;
      if (list.scrollTop <= 0) step = -step;
      if (performance.now() < end) requestAnimationFrame(next); else done();
    };
    next();
  })`);
  reportFrames(report, `page, scrolling ${wanted} lines`, await frames());
  report({ name: 'page, scrolling: rows in the list', value: rows, unit: '', target: TARGETS.pageRows });
  report({ name: 'page, scrolling: elements in the list', value: elements, unit: '', target: TARGETS.pageElements });
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize: heap } = await session.send('Runtime.getHeapUsage');
  report({ name: `page, ${wanted} lines: heap`, value: heap / 1e6, unit: 'MB', target: TARGETS.pageHeapMegabytes });
  await page.context().close();
}

interface Frames {
  /** Milliseconds from one to the next. */
  readonly gaps: readonly number[];
  /** What the main thread was busy for, each frame. */
  readonly busyMs: number;
}

/** Counts frames until the returned function is called. */
async function startFrames(page: Page): Promise<() => Promise<Frames>> {
  const session = await page.context().newCDPSession(page);
  // Time of the thread, so that other processes do not count.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const busySeconds = async (): Promise<number> => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration')!.value;
  };
  await page.evaluate(`(() => {
    const gaps = (window.benchFrames = []);
    let last = performance.now();
    const next = (now) => {
      gaps.push(now - last);
      last = now;
      if (window.benchFrames === gaps) requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  })()`);
  const before = await busySeconds();
  return async () => {
    const busy = (await busySeconds()) - before;
    const gaps = await page.evaluate<readonly number[]>(
      `(() => { const gaps = window.benchFrames; window.benchFrames = undefined; return gaps.slice(1); })()`,
    );
    return { gaps, busyMs: (busy * 1e3) / gaps.length };
  };
}

function reportFrames(report: Bench['report'], name: string, { gaps, busyMs }: Frames): void {
  const perSecond = (gaps.length * 1e3) / gaps.reduce((sum, each) => sum + each, 0);
  report({ name: `${name}: frames a second`, value: perSecond, unit: '', target: TARGETS.pageFramesPerSecond });
  report({ name: `${name}: between frames, p99`, value: quantile(gaps, 0.99), unit: 'ms' });
  report({ name: `${name}: main thread busy a frame`, value: busyMs, unit: 'ms', target: TARGETS.pageFrameMs });
}
