// The Discord stand-in's commands, buttons, menus and forms, driven by the real discord.js.
import {
  ActionRowBuilder,
  ApplicationCommandType,
  ButtonBuilder,
  ButtonStyle,
  ContextMenuCommandBuilder,
  Events,
  MessageFlags,
  ModalBuilder,
  SlashCommandBuilder,
  StringSelectMenuBuilder,
  TextInputBuilder,
  TextInputStyle,
} from 'discord.js';
import type { Client, Guild, Interaction, TextChannel } from 'discord.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bench, codeOf } from './discord-client.ts';

let bench: Bench;
let client: Client<true>;
let guild: Guild;
let channel: TextChannel;
const refused: unknown[] = [];

const commands = [
  new SlashCommandBuilder()
    .setName('wa')
    .setDescription('Switchboard')
    .addSubcommand((sub) =>
      sub
        .setName('invite')
        .setDescription('Invite people')
        .addStringOption((option) => option.setName('emails').setDescription('Emails').setRequired(true))
        .addStringOption((option) =>
          option
            .setName('role')
            .setDescription('Role')
            .addChoices({ name: 'admin', value: 'admin' }, { name: 'member', value: 'member' }),
        )
        .addUserOption((option) => option.setName('by').setDescription('By whom')),
    )
    .addSubcommand((sub) =>
      sub
        .setName('chats')
        .setDescription('Chats')
        .addStringOption((option) => option.setName('search').setDescription('Words').setAutocomplete(true)),
    ),
  new ContextMenuCommandBuilder().setName('Open ticket').setType(ApplicationCommandType.Message),
];

const buttons = new ActionRowBuilder<ButtonBuilder>().addComponents(
  new ButtonBuilder().setCustomId('undo').setLabel('Undo').setStyle(ButtonStyle.Secondary),
);

const modal = new ModalBuilder()
  .setCustomId('reply')
  .setTitle('Reply')
  .addComponents(
    new ActionRowBuilder<TextInputBuilder>().addComponents(
      new TextInputBuilder().setCustomId('text').setLabel('Text').setStyle(TextInputStyle.Paragraph).setMaxLength(50),
    ),
  );

function onInteraction(answer: (interaction: Interaction) => Promise<unknown>): void {
  client.on(Events.InteractionCreate, (interaction) => {
    answer(interaction).catch((error: unknown) => refused.push(error));
  });
}

beforeEach(async () => {
  refused.length = 0;
  bench = await Bench.start({ settings: { interactionDeadlineMs: 300 } });
  ({ client, guild } = await bench.ready());
  await guild.commands.set(commands);
  channel = await bench.privateChannel(guild);
});

afterEach(async () => {
  const unknown = await bench.stop();
  if (unknown.length > 0) throw new Error(`Discord doesn't know ${unknown.join(', ')}`);
});

describe('commands', () => {
  it('bring their options by type, and are answered only to the person', async () => {
    onInteraction(async (interaction) => {
      if (!interaction.isChatInputCommand()) return;
      const { options } = interaction;
      const told = [
        options.getSubcommand(),
        options.getString('emails'),
        options.getString('role'),
        options.getUser('by')?.id,
      ];
      await interaction.reply({ content: told.join(' | '), flags: MessageFlags.Ephemeral });
      await interaction.followUp({ content: 'more', flags: MessageFlags.Ephemeral });
      await interaction.editReply('edited');
    });
    const typed = '/wa invite emails:a@b.c, d@e.f role:admin by:@Ana Silva';
    const { acked, interaction } = await bench.ana.slashCommand(channel.id, typed);
    const first = `invite | a@b.c, d@e.f | admin | ${bench.ana.id}`;
    expect([acked, interaction.original?.content]).toEqual([true, first]);
    await bench.discord.until(() => interaction.original?.content === 'edited', 'the edit');
    expect(bench.ana.privateAnswers().map(({ content }) => content)).toEqual(['edited', 'more']);
    expect(bench.discord.channel(channel.id).messages).toEqual([]);
    expect(bench.discord.guild.ephemerals.every(({ onlyFor }) => onlyFor === bench.ana.id)).toBe(true);
  });

  it('can be answered late after a deferral, whose place the first follow-up takes', async () => {
    onInteraction(async (interaction) => {
      if (!interaction.isChatInputCommand()) return;
      await interaction.deferReply({ flags: MessageFlags.Ephemeral });
      await interaction.followUp('done');
    });
    const { interaction } = await bench.ana.slashCommand(channel.id, '/wa chats');
    await bench.discord.until(() => interaction.original?.content === 'done', 'the follow-up');
    expect(interaction.original?.editedAt).toBeUndefined();
    expect(bench.ana.privateAnswers()).toHaveLength(1);
  });

  it('fail after three seconds, and when answered twice', async () => {
    let late: Interaction | undefined;
    onInteraction(async (interaction) => {
      late = interaction;
    });
    const { acked, error } = await bench.ana.slashCommand(channel.id, '/wa chats');
    expect([acked, error]).toEqual([false, 'The application did not respond']);
    const interaction = late;
    if (interaction?.isChatInputCommand() !== true) throw new Error('no command came');
    expect(await codeOf(interaction.reply('too late'))).toBe(10062);
    client.removeAllListeners(Events.InteractionCreate);
    onInteraction(async (other) => {
      if (!other.isChatInputCommand()) return;
      const body = { type: 4, data: { content: 'x' } };
      const path = `/interactions/${other.id}/${other.token}/callback` as const;
      await client.rest.post(path, { body, auth: false });
      await client.rest.post(path, { body, auth: false });
    });
    await bench.ana.slashCommand(channel.id, '/wa chats');
    await bench.discord.until(() => refused.length === 1, 'the refusal');
    expect(refused[0]).toMatchObject({ code: 40060 });
  });

  it('offer choices while one types', async () => {
    onInteraction(async (interaction) => {
      if (!interaction.isAutocomplete()) return;
      const { name, value } = interaction.options.getFocused(true);
      await interaction.respond([{ name: `${name} ${value}`, value: 'chat-1' }]);
    });
    const choices = await bench.ana.autocomplete(channel.id, '/wa chats search:len');
    expect(choices).toEqual([{ name: 'search len', value: 'chat-1' }]);
  });

  it('are registered with limits, shown to those they are for, and keep their ids', async () => {
    const [before] = [...(await guild.commands.fetch()).values()];
    const again = await guild.commands.set(commands);
    expect([...again.keys()]).toContain(before?.id);
    const many = Array.from({ length: 26 }, (_, at) => ({ name: `s${at}`, description: 'x', type: 1 }));
    expect(await codeOf(guild.commands.set([{ name: 'wa', description: 'x', options: many }]))).toBe(50035);
    const option = (at: number) => ({ name: `o${at}`, description: 'x'.repeat(100), type: 3 as const });
    const options = Array.from({ length: 20 }, (_, at) => option(at));
    const wordy = Array.from({ length: 4 }, (_, at) => ({
      name: `s${at}`,
      description: 'x',
      type: 1 as const,
      options,
    }));
    expect(await codeOf(guild.commands.set([{ name: 'wa', description: 'x', options: wordy }]))).toBe(50035);
    await guild.commands.set([{ name: 'admin', description: 'x', defaultMemberPermissions: '0' }]);
    await expect(bench.ana.slashCommand(channel.id, '/admin')).rejects.toThrow('not shown');
    await expect(bench.ana.slashCommand(channel.id, '/gone')).rejects.toThrow('there is no command /gone');
  });
});

describe('components', () => {
  it('of a webhook message open a form, whose answer changes that message', async () => {
    onInteraction(async (interaction) => {
      if (interaction.isButton()) await interaction.showModal(modal);
      if (interaction.isModalSubmit() && interaction.isFromMessage())
        await interaction.update({ content: `sent: ${interaction.fields.getTextInputValue('text')}`, components: [] });
    });
    const webhook = await channel.createWebhook({ name: 'WhatsApp' });
    const { id } = await webhook.send({ content: 'hello', username: 'Lena', components: [buttons] });
    await bench.ana.click(id, 'undo');
    expect(bench.ana.modal?.title).toBe('Reply');
    await expect(bench.ana.submitModal({ text: 'x'.repeat(51) })).rejects.toThrow('text must have');
    await bench.ana.submitModal({ text: 'fine' });
    expect(bench.discord.message(id)).toMatchObject({
      content: 'sent: fine',
      components: [],
      author: { name: 'Lena' },
    });
    await expect(bench.ana.click(id, 'undo')).rejects.toThrow('there is no component undo');
  });

  it('can be chosen from, acknowledged silently and edited later', async () => {
    onInteraction(async (interaction) => {
      if (!interaction.isStringSelectMenu()) return;
      await interaction.deferUpdate();
      await interaction.editReply({ content: interaction.values.join(), components: [] });
    });
    const select = new StringSelectMenuBuilder()
      .setCustomId('pick')
      .addOptions({ label: 'A', value: 'a' }, { label: 'B', value: 'b' });
    const row = new ActionRowBuilder<StringSelectMenuBuilder>().addComponents(select);
    const { id } = await channel.send({ content: 'pick', components: [row] });
    const { acked } = await bench.ana.choose(id, 'pick', ['b']);
    expect(acked).toBe(true);
    await bench.discord.until(() => bench.discord.message(id).content === 'b', 'the edit');
  });

  it('are checked when sent', async () => {
    const twice = new ActionRowBuilder<ButtonBuilder>().addComponents(buttons.components[0]!, buttons.components[0]!);
    expect(await codeOf(channel.send({ content: 'x', components: [twice] }))).toBe(50035);
    const { id } = await channel.send({ content: 'x', components: [buttons] });
    const [row] = bench.discord.message(id).components;
    expect(row).toMatchObject({ id: 1, components: [{ id: 2, custom_id: 'undo' }] });
  });
});

describe('menus of messages', () => {
  it('bring the message, and can answer in the channel', async () => {
    onInteraction(async (interaction) => {
      if (!interaction.isMessageContextMenuCommand()) return;
      await interaction.reply({ content: `ticket for ${interaction.targetMessage.content}` });
    });
    const id = await bench.ana.say(channel.id, 'broken');
    const { interaction } = await bench.ana.contextMenu('Open ticket', bench.discord.message(id));
    expect(interaction.original).toMatchObject({ content: 'ticket for broken', onlyFor: undefined });
    expect(bench.discord.channel(channel.id).messages).toHaveLength(2);
  });
});
