// The boundary rules bite: one violation of each kind is planted in a small tree of its own, and each is caught.
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { findPlatformNames } from '../../platform-names.ts';

const root = path.join(import.meta.dirname, '../../..');
const run = promisify(execFile);

/** Files that exist so that violations have something to lead to. */
const TARGETS = [
  'src/main.ts',
  'src/config.ts',
  'src/domain/text.ts',
  'src/runtime/log.ts',
  'src/store/store.ts',
  'src/media/kind.ts',
  'src/platforms/platform.ts',
  'src/platforms/slack/index.ts',
  'src/platforms/slack/adapter.ts',
  'src/platforms/discord/index.ts',
  'src/access/access.ts',
  'src/access/policy.ts',
  'src/bridge/bridge.ts',
  'src/bridge/outbound.ts',
  'src/tickets/tickets.ts',
  'src/tickets/rules.ts',
  'src/metrics/metrics.ts',
  'src/commands/commands.ts',
  'src/admin-web/server/app.ts',
  'src/admin-web/pages/theme.ts',
  'simulators/slack/index.ts',
  'bench/figures.ts',
  'tests/support/program.ts',
];

/** What is planted: the rule that must catch it, the file, and its one statement. */
const PLANTED: readonly (readonly [rule: string, file: string, code: string])[] = [
  ['folder-domain', 'src/domain/bad.ts', "import '../runtime/log.ts';"],
  ['folder-runtime', 'src/runtime/bad.ts', "import type { X } from '../domain/text.ts';"],
  ['folder-store', 'src/store/bad.ts', "import type { X } from '../platforms/platform.ts';"],
  ['folder-ports', 'src/platforms/bad.ts', "import '../runtime/log.ts';"],
  ['folder-adapters', 'src/platforms/slack/bad-store.ts', "import type { X } from '../../store/store.ts';"],
  ['folder-adapters', 'src/platforms/slack/bad-bridge.ts', "export * from '../../bridge/bridge.ts';"],
  ['folder-adapters', 'src/platforms/slack/bad-sibling.ts', "await import('../discord/index.ts');"],
  ['folder-media', 'src/media/bad.ts', "import { X } from '../store/store.ts';"],
  ['folder-tickets', 'src/tickets/bad.ts', "import { X } from '../bridge/bridge.ts';"],
  ['folder-metrics', 'src/metrics/bad.ts', "import { X } from '../tickets/tickets.ts';"],
  ['folder-access', 'src/access/bad.ts', "import { X } from '../tickets/rules.ts';"],
  ['folder-bridge', 'src/bridge/bad.ts', "import { X } from '../access/policy.ts';"],
  ['folder-bridge', 'src/bridge/bad-adapter.ts', "import { X } from '../platforms/slack/index.ts';"],
  ['folder-commands', 'src/commands/bad.ts', "import { X } from '../bridge/outbound.ts';"],
  ['folder-commands', 'src/commands/bad-port.ts', "import type { X } from '../platforms/platform.ts';"],
  ['folder-admin-web', 'src/admin-web/server/bad.ts', "import { X } from '../../bridge/outbound.ts';"],
  ['folder-admin-web', 'src/admin-web/server/bad-pages.ts', "import { X } from '../pages/theme.ts';"],
  ['folder-pages', 'src/admin-web/pages/bad.tsx', "import type { X } from '../../store/store.ts';"],
  ['folder-config', 'src/config.ts', "import { X } from './store/store.ts';"],
  ['pages-server-values', 'src/admin-web/pages/bad-value.tsx', "import { X } from '../server/app.ts';"],
  ['pages-node', 'src/admin-web/pages/bad-node.tsx', "import 'node:fs';"],
  ['adapter-by-index', 'src/main.ts', "import { X } from './platforms/slack/adapter.ts';"],
  ['main-is-the-root', 'src/bridge/bad-main.ts', "import '../main.ts';"],
  ['package-mikro-orm', 'src/bridge/bad-orm.ts', "import type { EntityManager } from '@mikro-orm/postgresql';"],
  ['package-mikro-orm', 'src/metrics/bad-sql.ts', "import { sql } from 'kysely';"],
  ['package-pg', 'src/bridge/bad-pg.ts', "import { Client } from 'pg';"],
  ['package-pino', 'src/bridge/bad-pino.ts', "import { pino } from 'pino';"],
  ['package-nodemailer', 'src/access/bad-mail.ts', "import 'nodemailer';"],
  ['package-slack', 'src/platforms/discord/bad-slack.ts', "import type { App } from '@slack/bolt';"],
  ['package-discord.js', 'src/platforms/slack/bad-discord.ts', "import { Client } from 'discord.js';"],
  ['package-whiskeysockets-baileys', 'src/media/bad-baileys.ts', "import '@whiskeysockets/baileys';"],
  ['package-undici', 'src/media/bad-undici.ts', "import { request } from 'undici';"],
  ['package-sharp', 'src/metrics/bad-sharp.ts', "import sharp from 'sharp';"],
  ['package-node-cron', 'src/tickets/bad-cron.ts', "import cron from 'node-cron';"],
  ['package-express', 'src/platforms/slack/bad-express.ts', "import type { Request } from 'express';"],
  ['package-react', 'src/admin-web/server/bad-react.ts', "import 'react';"],
  ['package-qrcode', 'src/platforms/slack/bad-qr.ts', "import qrcode from 'qrcode';"],
  ['package-zod', 'src/domain/bad-zod.ts', "import { z } from 'zod';"],
  ['package-libphonenumber-js', 'src/runtime/bad-phone.ts', "import 'libphonenumber-js/max';"],
  ['package-without-home', 'src/access/bad-homeless.ts', "import 'ws';"],
  ['package-not-in-production', 'src/bridge/bad-dev.ts', "import 'ws';"],
  ['pure-ours', 'src/access/policy.ts', "import type { X } from '../store/store.ts';"],
  ['pure-ours', 'src/bridge/compose.ts', "import { X } from '../runtime/log.ts';"],
  ['pure-package', 'src/platforms/slack/present.ts', "import { App } from '@slack/bolt';"],
  ['pure-outside', 'src/platforms/slack/receive.ts', "import { readFile } from 'node:fs/promises';"],
  ['src-alone', 'src/bridge/bad-simulator.ts', "import { X } from '../../simulators/slack/index.ts';"],
  ['simulators-alone', 'simulators/slack/bad.ts', "import type { X } from '../../src/domain/text.ts';"],
  ['bench-alone', 'simulators/slack/bad-bench.ts', "import { X } from '../../bench/figures.ts';"],
  ['no-cycle', 'src/domain/round.ts', "import './round-too.ts';"],
  ['not-found', 'src/domain/bad-nowhere.ts', "import './nowhere.ts';"],
];

/** What is allowed and looks like the above. */
const ALLOWED: readonly (readonly [file: string, code: string])[] = [
  ['src/domain/round-too.ts', "import type { X } from './text.ts';"],
  ['src/platforms/slack/text.ts', "import type { KnownBlock } from '@slack/bolt';"],
  ['src/platforms/discord/receive.ts', "import { z } from 'zod';"],
  [
    'src/bridge/good.ts',
    "import { X } from '../access/access.ts';\nimport type { Y } from '../platforms/platform.ts';",
  ],
  ['src/access/good.ts', "import { X } from '../tickets/tickets.ts';"],
  ['src/store/good.ts', "import { sql } from 'kysely';\nimport { X } from '../domain/text.ts';"],
  [
    'bench/good.ts',
    "import 'pg';\nimport { X } from '../src/bridge/outbound.ts';\nimport { X as Y } from '../simulators/slack/index.ts';",
  ],
  ['src/admin-web/pages/good.tsx', "import type { X } from '../server/app.ts';\nexport const page = <b>hello</b>;"],
  ['src/domain/types-one.ts', "import type { Two } from './types-two.ts';\nexport type One = Two | null;"],
  ['src/domain/types-two.ts', "import type { One } from './types-one.ts';\nexport type Two = One[];"],
];

const report = z.object({
  summary: z.object({
    violations: z.array(z.object({ from: z.string(), to: z.string(), rule: z.object({ name: z.string() }) })),
  }),
});

/** Runs the real rules over a tree and resolves to what they caught. */
async function violationsIn(tree: string) {
  const cruiser = path.join(root, 'node_modules/.bin/depcruise');
  const config = path.join(root, '.dependency-cruiser.cjs');
  const args = [cruiser, '--config', config, '--output-type', 'json', 'src', 'simulators', 'bench'];
  // Its exit code says whether there were violations; those stand in its output.
  const { stdout } = await run(process.execPath, args, { cwd: tree, maxBuffer: 256 * 2 ** 20 });
  return report.parse(JSON.parse(stdout)).summary.violations;
}

describe('the boundary check', () => {
  let tree = '';
  let caught: Awaited<ReturnType<typeof violationsIn>> = [];

  beforeAll(async () => {
    tree = await mkdtemp(path.join(os.tmpdir(), 'switchboard-boundaries-'));
    await cp(path.join(root, 'package.json'), path.join(tree, 'package.json'));
    await symlink(path.join(root, 'node_modules'), path.join(tree, 'node_modules'));
    const files = new Map(TARGETS.map((file) => [file, 'export type X = 1;\nexport const X = 1;\n']));
    for (const [file, code] of [...ALLOWED, ...PLANTED.map(([, ...planted]) => planted)]) {
      files.set(file, `${code}\n${files.get(file) ?? ''}`);
    }
    files.set('src/domain/round-too.ts', `${files.get('src/domain/round-too.ts')}import './round.ts';\n`);
    for (const [file, code] of files) {
      await mkdir(path.dirname(path.join(tree, file)), { recursive: true });
      await writeFile(path.join(tree, file), code);
    }
    caught = await violationsIn(tree);
  });
  afterAll(() => rm(tree, { recursive: true, force: true }));

  test.for(PLANTED)('%s catches %s', ([rule, file]) => {
    // Of a cycle only one end is told.
    const touching = caught.filter(({ from, to }) => from === file || (rule === 'no-cycle' && to === file));
    expect(touching.map((violation) => violation.rule.name)).toContain(rule);
  });

  test.for(ALLOWED.slice(1))('lets %s be', ([file]) => {
    expect(caught.filter(({ from }) => from === file)).toEqual([]);
  });

  test('has a planted violation for every rule', () => {
    const config: unknown = createRequire(import.meta.url)(path.join(root, '.dependency-cruiser.cjs'));
    const rules = z.object({ forbidden: z.array(z.object({ name: z.string() })) }).parse(config).forbidden;
    const planted = new Set(PLANTED.map(([rule]) => rule));
    expect(rules.map(({ name }) => name).filter((name) => !planted.has(name))).toEqual([]);
  });

  test('finds nothing in the project', async () => {
    expect((await violationsIn(root)).map(({ from, to, rule }) => `${rule.name}: ${from} → ${to}`)).toEqual([]);
  });
});

describe('the check for names of platforms', () => {
  const NAMED = [
    ["if (name === 'slack') act();", "'slack'"],
    ['const slackChannel = 1;', 'slackChannel'],
    ['store.discordServers();', 'discordServers'],
    ['class Whatsapp {}', 'Whatsapp'],
    ['const text = `on Slack, ${who}`;', 'on Slack, '],
    ["const platform = 'whatsapp';", "'whatsapp'"],
    ['const pattern = /s\\.whatsapp\\.net/;', 's\\.whatsapp\\.net'],
    ["import { x } from '../platforms/discord/index.ts';", '../platforms/discord/index.ts'],
    ['class A { #slack = 1; }', 'slack'],
    ['type Platform = "discord" | "other";', 'discord'],
    ['const byPlatform = { discord: 1 };', 'discord'],
  ] as const;

  async function planted(...files: readonly (readonly [file: string, code: string])[]) {
    const tree = await mkdtemp(path.join(os.tmpdir(), 'switchboard-names-'));
    try {
      for (const [file, code] of files) {
        await mkdir(path.dirname(path.join(tree, file)), { recursive: true });
        await writeFile(path.join(tree, file), code);
      }
      return findPlatformNames(tree);
    } finally {
      await rm(tree, { recursive: true, force: true });
    }
  }

  test.for(NAMED)('sees %s', async ([code, word]) => {
    const faults = await planted(['src/bridge/bad.ts', code]);
    expect(faults.map(({ text }) => text)).toContain(word.replaceAll("'", ''));
  });

  test('sees what a page says', async () => {
    expect(await planted(['src/admin-web/pages/bad.tsx', 'export const page = <b>Add to Slack</b>;'])).toHaveLength(1);
  });

  test.for([
    ['src/bridge/good.ts', '// Slack says so.\nconst sentence = `WhatsApp refused “${name}”.`;'],
    ['src/platforms/slack/adapter.ts', "export const name = 'slack';"],
    ['src/main.ts', 'createDiscord();'],
    ['src/config.ts', "read('SLACK_BOT_TOKEN');"],
  ] as const)('lets %s be', async ([file, code]) => {
    expect(await planted([file, code])).toEqual([]);
  });

  test('sees a platform that came later, by its folder alone', async () => {
    const faults = await planted(
      ['src/platforms/teamboard/index.ts', 'export const createTeamboard = 1;'],
      ['src/access/bad.ts', "export const isIt = name === 'teamboard';"],
    );
    expect(faults.map(({ file }) => file)).toEqual(['src/access/bad.ts']);
  });

  test('finds nothing in the project', () => {
    expect(findPlatformNames(root)).toEqual([]);
  });
});

test('an import inside of a type, which the boundary check can not see, is refused by the linter', async () => {
  const tree = await mkdtemp(path.join(os.tmpdir(), 'switchboard-lint-'));
  try {
    const file = path.join(tree, 'bad.ts');
    await writeFile(file, "export type Hidden = import('./store.ts').Store;\n");
    const linter = path.join(root, 'node_modules/.bin/oxlint');
    const args = [linter, '--config', path.join(root, '.oxlintrc.json'), file];
    const refused: unknown = await run(process.execPath, args).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 1, stdout: expect.stringContaining('consistent-type-imports') });
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
});
