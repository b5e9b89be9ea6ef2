// How the adapter stands with Discord, and what people ask of it, on the wire against the stand-in: intents, invitations, commands, late answers.
import { expect, onTestFinished, test } from 'vitest';
import type { CommandTree, Form } from '../../../../src/domain/command.ts';
import type { PlatformEvent } from '../../../../src/domain/events.ts';
import { as } from '../../../../src/domain/ids.ts';
import type { ChannelId, MirrorId } from '../../../../src/domain/ids.ts';
import { plain } from '../../../../src/domain/text.ts';
import { postId } from '../../../../src/platforms/discord/ids.ts';
import { openPlay } from '../../../contract/chat-platform/play.ts';
import { until } from '../../../contract/chat-platform/stage.ts';
import { openDiscordStage } from '../../../contract/discord-stage.ts';

async function open() {
  const { stage, discord } = await openDiscordStage();
  const play = await openPlay(stage);
  onTestFinished(async () => {
    expect(stage.unknownCalls()).toEqual([]);
    await play.close();
  });
  return { play, stage, discord };
}

const mirror = (id: string) => ({ mirror: as<MirrorId>(id), name: 'wa-bob', topic: 'Bob' });

test('says which switches are off when Discord refuses its intents, and connects once they are on', async () => {
  const { play, stage, discord } = await open();
  await play.stop();
  discord.portal.messageContent = false;
  await play.restart();
  expect(play.states.at(-1)).toMatchObject({ state: 'refused' });
  expect(play.states.at(-1)?.problem?.fix).toContain('Message Content Intent');
  expect((await play.platform.setup())[0]?.fix).toContain('Message Content Intent');
  discord.portal.messageContent = true;
  await until(() => play.states.at(-1)?.state === 'connected', 'the connection');
  expect(stage.unknownCalls()).toEqual([]);
});

test('says how to invite the bot when it was removed, and goes on when it is back', async () => {
  const { play, discord } = await open();
  discord.kickBot();
  await until(() => play.states.at(-1)?.state === 'refused', 'the removal to be told');
  expect(play.states.at(-1)?.problem?.fix).toContain('oauth2/authorize');
  expect((await play.platform.setup())[0]?.fix).toContain('oauth2/authorize');
  discord.inviteBot();
  await until(() => play.states.at(-1)?.state === 'connected', 'the connection');
});

test('names each permission that is missing', async () => {
  const { play, discord } = await open();
  discord.setBotPermissions(discord.bot.role.permissions & ~(1n << 29n));
  expect(await play.platform.setup()).toMatchObject([{ what: expect.stringContaining('Manage Webhooks') }]);
});

test('asks more than is allowed within a second, and gets every answer', async () => {
  const { play } = await open();
  const { channel } = await play.platform.openChannel(mirror('bob'));
  const others = Array.from({ length: 120 }, (_, index) => as<ChannelId>(`1000000000000000${index + 100}`));
  const asked = await Promise.allSettled([...others, channel].map((id) => play.platform.readersOf(id)));
  expect(asked.pop()).toMatchObject({ status: 'fulfilled', value: { isPrivate: true } });
  expect(asked.map((one) => (one as PromiseRejectedResult).reason.code)).toEqual(others.map(() => 'channel_gone'));
});

test('registers subcommands and message menus, once, and tells what was chosen', async () => {
  const { play, stage, discord } = await open();
  await play.stop();
  const events: PlatformEvent[] = [];
  const commands: CommandTree = {
    name: 'wa',
    entries: [
      {
        path: ['chats', 'invite'],
        description: 'Invite people',
        who: 'agent',
        options: [{ name: 'emails', description: 'Whom', required: true, kind: 'text' }],
      },
      { path: ['help'], description: 'Help', who: 'anyone', options: [] },
    ],
    shortcuts: [{ action: 'ticket:open', label: 'Open a ticket' }],
  };
  const start = async () => {
    const platform = stage.platform();
    const onEvent = async (event: PlatformEvent): Promise<void> => {
      events.push(event);
      if (event.kind === 'asked') await platform.answer(event.request.ref, { text: plain('done') });
    };
    await platform.start({ commands, onEvent, onState: () => undefined });
    return platform;
  };
  const callsOf = (operation: string): number =>
    discord.requests.filter((request) => request.operation === operation && request.status !== 0).length;
  const platform = await start();
  await until(() => discord.guild.commands.size === 2, 'the commands');
  const ana = await stage.person('Ana');
  const { channel } = await platform.openChannel(mirror('m1'));
  await platform.setUsers(channel, new Set([ana.user]));
  const person = discord.person(ana.email);
  const said = await person.say(channel, 'hello');
  await person.slashCommand(channel, '/wa chats invite emails:ben@acme.example');
  await person.contextMenu('Open a ticket', discord.message(said));
  const asked = events.flatMap((event) => (event.kind === 'asked' ? [event.request] : []));
  expect(asked).toMatchObject([
    { via: 'command', action: 'wa', text: 'chats invite', options: { emails: 'ben@acme.example' }, channel },
    { via: 'shortcut', action: 'ticket:open', post: postId(channel, said), channel },
  ]);
  await platform.stop();
  const setsBefore = callsOf('bulk_set_guild_application_commands');
  const listsBefore = callsOf('list_guild_application_commands');
  const next = await start();
  await until(() => callsOf('list_guild_application_commands') > listsBefore, 'a look at the commands');
  // A whole exchange later a second registration would have been sent.
  await next.describeUser(ana.user);
  await next.stop();
  expect(setsBefore).toBeGreaterThan(0);
  expect(callsOf('bulk_set_guild_application_commands')).toBe(setsBefore);
});

const FORM: Form = {
  action: 'invite:send',
  title: 'Invite',
  submit: 'Send',
  fields: [{ id: 'emails', label: 'Emails', kind: 'text', required: true }],
};

test('says that it thinks when the answer takes long, and then answers; a form then waits behind a button', async () => {
  const { play, stage, discord } = await open();
  const ana = await stage.person('Ana');
  const { channel } = await play.channel('wa-bob', ana);
  await stage.command(ana, channel, 'slow');
  const { request } = await play.told('asked');
  await until(() => discord.interactions.all[0]?.answer !== undefined, 'Discord to be told');
  expect(stage.toldPrivately(ana)).toEqual([]);
  await play.platform.answer(request.ref, { text: plain('here it is') });
  expect(stage.toldPrivately(ana)).toEqual(['here it is\n'.trimEnd()].map((words) => expect.stringContaining(words)));
  await play.platform.answer(request.ref, { text: [], form: FORM });
  const person = discord.person(ana.email);
  const offered = person.privateAnswers().at(-1);
  const button = /"custom_id":"(openform:[^"]+)"/.exec(JSON.stringify(offered?.components))?.[1] ?? '';
  await person.click(offered?.id ?? '', button);
  expect(stage.openForm(ana)).toBe('Invite');
  await stage.sendForm(ana, { emails: 'ben@acme.example' });
  const sent = await play.told('asked', (event) => event.request.via === 'form');
  expect(sent.request).toMatchObject({ action: 'invite:send', options: { emails: 'ben@acme.example' } });
}, 15_000);

test('an answer that is ready while Discord is being told to wait for it comes after that', async () => {
  const { play, stage, discord } = await open();
  const ana = await stage.person('Ana');
  const { channel } = await play.channel('wa-bob', ana);
  const commanded = stage.command(ana, channel, 'slow');
  const { request } = await play.told('asked');
  discord.faults.latencyMs = 300;
  const isTold = () => discord.requests.some(({ operation }) => operation === 'create_interaction_response');
  await until(isTold, 'Discord to be told');
  discord.faults.latencyMs = 0;
  await play.platform.answer(request.ref, { text: plain('just in time') });
  await commanded;
  expect(stage.toldPrivately(ana)).toEqual([expect.stringContaining('just in time')]);
}, 15_000);

test('shows an answer that is longer than a message in as many as it takes', async () => {
  const { play, stage } = await open();
  const ana = await stage.person('Ana');
  const { channel } = await play.channel('wa-bob', ana);
  await stage.command(ana, channel, 'list');
  const { request } = await play.told('asked');
  const lines = Array.from({ length: 400 }, (_, index) => `line ${index}`);
  await play.platform.answer(request.ref, { text: plain(lines.join('\n')) });
  const told = stage.toldPrivately(ana);
  expect(told.length).toBeGreaterThan(1);
  expect(
    told
      .join('\n')
      .split('\n')
      .filter((line) => line.startsWith('line ')),
  ).toEqual(lines);
});
