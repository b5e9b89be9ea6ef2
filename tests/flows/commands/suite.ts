// Every command of the tree, asked by an admin, by a member with and without access, and by a stranger: the same on every platform.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandTree } from '../../../src/commands/tree.ts';
import type { PlatformName } from '../workspace.ts';
import { adminTests } from './admin.ts';
import { loginTests } from './login.ts';
import { noticeTests } from './notices.ts';
import { maskTests } from './masks.ts';
import { memberTests, outsideTests } from './member.ts';
import { SAMPLES } from './samples.ts';
import { emptyStage, open, type Role } from './stage.ts';
import { waitingTests, workTests } from './work.ts';

const paths = commandTree.entries.map(({ path }) => path.join(' '));
const forAgents = commandTree.entries.filter(({ who }) => who !== 'anyone').map(({ path }) => path.join(' '));
const STRANGER = 'Nobody invited you to Switchboard yet; ask an admin of your team to invite you.';

export function commandsSuite(platform: PlatformName): void {
  const stage = emptyStage(platform);

  beforeAll(() => open(stage), 180_000);
  afterAll(() => stage.town.close());

  test('there is a way to give each command, and for none that isn’t there', () => {
    expect(Object.keys(SAMPLES).toSorted()).toEqual(paths.toSorted());
  });

  describe('whoever sees who waits', () => {
    waitingTests(stage);
  });
  describe('an admin', () => {
    adminTests(stage);
  });
  describe('the work of the team', () => {
    workTests(stage);
  });
  describe('a member with access', () => {
    memberTests(stage);
  });
  describe('a member without access', () => {
    outsideTests(stage);
  });

  describe('where problems are told', () => {
    noticeTests(stage);
  });
  describe('the admin web', () => {
    loginTests(stage);
  });

  describe('a stranger', () => {
    test.for(forAgents)('may not give /wa %s', async (command) => {
      expect((await stage.stan.give(stage.lobby, command, SAMPLES[command])).text).toContain(STRANGER);
    });

    test('gets help that says how to come in', async () => {
      const help = await stage.stan.give(stage.lobby, 'help');
      expect(help.text).toContain(STRANGER);
      expect(help.text).not.toContain('/wa chats');
      expect((await stage.stan.give(stage.lobby, 'link')).text).toContain(STRANGER);
    });

    test('leaves a trace of every try', async () => {
      const audit = await stage.town.api('GET', '/api/v1/audit?action=command.refuse&limit=200');
      const tried = (audit.body['items'] as { detail: { command: string }; actor: { name: string } }[])
        .filter((row) => JSON.stringify(row).includes(stage.stan.person.id))
        .map(({ detail }) => detail.command);
      expect(new Set(tried)).toEqual(new Set(forAgents));
    });
  });

  describe('masked phone numbers', () => {
    maskTests(stage);
  });

  test.for(['admin', 'member with access', 'member without access', 'stranger'] as const)(
    'every command of the tree was given by: %s',
    (role: Role) => {
      expect(paths.filter((path) => !stage.given[role].has(path))).toEqual([]);
    },
  );
}
