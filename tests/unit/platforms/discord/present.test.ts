// Posts, forms and commands → what Discord draws, and requests read back.
import { describe, expect, test } from 'vitest';
import type { CommandTree } from '../../../../src/domain/command.ts';
import { plain } from '../../../../src/domain/text.ts';
import { formId, readAsked, readFormId } from '../../../../src/platforms/discord/asked.ts';
import { toCommands } from '../../../../src/platforms/discord/command-tree.ts';
import { dateOf, idBefore, isOlder, postId, postParts } from '../../../../src/platforms/discord/ids.ts';
import { markedTopic, present, presentForm, replyKeyIn } from '../../../../src/platforms/discord/present.ts';
import { postOf } from '../../../contract/chat-platform/play.ts';

describe('a post', () => {
  test('shows its parts from top to bottom', () => {
    const post = postOf({
      marks: ['forwarded'],
      quote: { author: 'Ana', text: 'a?' },
      words: 'b',
      lines: ['sent'],
      buttons: [{ action: 'x:1', label: 'X', tone: 'danger' }],
    });
    const shown = present(post, { key: 'k1', replyTo: 'https://discord.com/channels/1/2/3' });
    expect(shown.content.split('\n')).toEqual([
      '-# ↪ [in reply to this message](<https://discord.com/channels/1/2/3>)',
      '-# forwarded',
      '> **Ana**',
      '> a?',
      'b',
      '-# sent',
    ]);
    expect(shown).toMatchObject({
      flags: 4,
      allowed_mentions: { parse: [] },
      components: [
        {
          components: [
            { custom_id: 'x:1', style: 4 },
            { custom_id: 'reply:k1', label: 'Reply' },
          ],
        },
      ],
    });
    expect(replyKeyIn(shown.components)).toBe('k1');
  });

  test('without words shows its summary, unless it has a file', () => {
    expect(present(postOf({ text: plain(' '), summary: 'a *sum*' })).content).toBe('a \\*sum\\*');
  });

  test('that is too long for everything is cut', () => {
    const shown = present(postOf({ words: '*'.repeat(3_000) }));
    expect(shown.content).toBe('');
    expect(shown.embeds[0]?.description.length).toBeLessThanOrEqual(4_096);
  });
});

test('cuts a topic, but never our mark', () => {
  const topic = markedTopic('😀'.repeat(2_000), 'Switchboard mirror m1');
  expect(topic.length).toBeLessThanOrEqual(1_024);
  expect(topic.endsWith('\nSwitchboard mirror m1')).toBe(true);
  expect(topic.isWellFormed()).toBe(true);
});

test('draws a form of every kind of field', () => {
  const form = presentForm(
    {
      action: 'a',
      title: 't'.repeat(60),
      submit: 's',
      fields: [
        { id: 'text', label: 'L', kind: 'text', required: true, initial: 'x', hint: 'h' },
        {
          id: 'many',
          label: 'M',
          kind: 'choices',
          required: false,
          initial: 'b',
          options: [
            { value: 'a', label: 'A' },
            { value: 'b', label: 'B' },
          ],
        },
      ],
    },
    'id',
  );
  expect(form.title).toHaveLength(45);
  expect(form.components).toMatchObject([
    { type: 18, label: 'L', description: 'h', component: { type: 4, style: 1, value: 'x' } },
    {
      type: 18,
      component: { type: 3, min_values: 0, max_values: 2, options: [{ value: 'a' }, { value: 'b', default: true }] },
    },
  ]);
});

const tree: CommandTree = {
  name: 'wa',
  entries: [
    { path: ['help'], description: 'Help', who: 'anyone', options: [] },
    {
      path: ['team', 'add'],
      description: 'Add',
      who: 'admin',
      options: [
        { name: 'role', description: 'Role', required: false, kind: 'choice', choices: ['admin', 'member'] },
        { name: 'email', description: 'Email', required: true, kind: 'text' },
      ],
    },
  ],
  shortcuts: [{ action: 'ticket:open', label: 'Open a ticket' }],
};

test('draws the tree as subcommands, groups and message menus, required options first', () => {
  expect(toCommands(tree)).toMatchObject([
    {
      type: 1,
      name: 'wa',
      options: [
        { type: 1, name: 'help' },
        { type: 2, name: 'team', options: [{ type: 1, name: 'add', options: [{ name: 'email' }, { name: 'role' }] }] },
      ],
    },
    { type: 3, name: 'Open a ticket' },
  ]);
  expect(toCommands({ name: 'wa', entries: [], shortcuts: [] })).toMatchObject([
    { options: [{ type: 3, name: 'text' }] },
  ]);
});

describe('a request', () => {
  const context = { guildId: '7', commands: tree, standing: (channel: string) => ({ channel: channel as never }) };
  const base = {
    id: '1000000000000000001',
    application_id: '9',
    token: 't',
    guild_id: '7',
    channel_id: '5',
    member: { user: { id: '1', username: 'ana', global_name: 'Ana' } },
  };
  const sub = {
    name: 'team',
    type: 2,
    options: [{ name: 'add', type: 1, options: [{ name: 'email', type: 3, value: 'a@b.c' }] }],
  };

  test.each<[string, object, object]>([
    [
      'of a subcommand',
      { type: 2, data: { name: 'wa', type: 1, options: [sub] } },
      { via: 'command', action: 'wa', text: 'team add', options: { email: 'a@b.c' } },
    ],
    [
      'of an option being typed',
      { type: 4, data: { name: 'wa', type: 1, options: [sub] } },
      { via: 'autocomplete', text: 'team add' },
    ],
    [
      'of free words',
      { type: 2, data: { name: 'wa', type: 1, options: [{ name: 'text', type: 3, value: ' go on ' }] } },
      { text: 'go on', options: {} },
    ],
    [
      'of a message menu',
      { type: 2, data: { name: 'Open a ticket', type: 3, target_id: '6' } },
      { via: 'shortcut', action: 'ticket:open', post: '5:6' },
    ],
    [
      'of a button under a reply',
      { type: 3, message: { id: '6', message_reference: { message_id: '4' } }, data: { custom_id: 'x:1' } },
      { via: 'button', action: 'x:1', post: '5:6', thread: '5:4' },
    ],
    [
      'of a form',
      {
        type: 5,
        data: {
          custom_id: formId('m', 'a:b'),
          components: [
            { component: { custom_id: 'f', values: ['1', '2'] } },
            { components: [{ custom_id: 'g', value: '' }] },
          ],
        },
      },
      { via: 'form', action: 'a:b', options: { f: '1,2' } },
    ],
  ])('%s', (_what, more, expected) => {
    expect(readAsked({ ...base, ...more }, context)?.request).toMatchObject({ user: '1', channel: '5', ...expected });
  });

  test.each<[string, object]>([
    ['of another server', { type: 3, guild_id: '8', data: { custom_id: 'x' } }],
    ['of another kind', { type: 1 }],
    ['that can’t be read', { type: 'x' }],
  ])('%s is nobody’s', (_what, more) => {
    expect(readAsked({ ...base, ...more }, context)).toBeUndefined();
  });

  test('carries a form’s memory in front of its action', () => {
    expect(readFormId(formId('reply:12', 'a|b'))).toEqual({ memory: 'reply:12', action: 'a|b' });
    expect(readFormId('bare')).toEqual({ memory: '', action: 'bare' });
  });
});

test('makes and takes apart ids', () => {
  expect(postParts(postId('1', '2'))).toEqual({ channel: '1', message: '2' });
  const at = new Date('2026-11-24T08:00:00.123Z');
  const before = idBefore(at);
  expect(dateOf(String(BigInt(before) + 1n))).toEqual(at);
  expect(dateOf(before).getTime()).toBe(at.getTime() - 1);
  expect(isOlder('9', '10')).toBe(true);
  expect(idBefore(new Date(0))).toBe('0');
});
