// How people ask things of the program, on Slack and on Discord alike: commands with options, buttons, forms, menus of messages, what is offered.
import { InteractionResponseType } from 'discord.js';
import type { Message, Outcome } from '../../../simulators/discord/index.ts';
import type { Ephemeral } from '../../../simulators/slack/index.ts';
import { commandTree } from '../../../src/commands/tree.ts';
import type { CommandEntry } from '../../../src/domain/command.ts';
import { PATIENCE_MS } from '../desk.ts';
import { buttonsIn as discordButtons, read as readDiscord } from '../discord-workspace.ts';
import { buttonsIn as slackButtons, read as readSlack } from '../slack-workspace.ts';
import type { Town } from '../town.ts';
import type { TownChannel, TownPerson, TownPost } from '../workspace.ts';

type Options = Readonly<Record<string, string>>;

/** What only the asker sees: words with buttons, or a form. It is read as it stands now. */
export interface Told {
  readonly text: string;
  readonly buttons: readonly { readonly label: string; readonly action: string }[];
  readonly isForm: boolean;
}

/** Somebody at their client. */
export interface Asker {
  readonly person: TownPerson;
  /** Gives a command, options by name, and waits for what they're told. Throws where the client doesn't let them. */
  give(place: TownChannel, command: string, options?: Options): Promise<Told>;
  /** Types the words after `/wa`; where commands are text. */
  type(place: TownChannel, words: string): Promise<Told>;
  /** Presses a button of an answer. */
  press(told: Told, label: string): Promise<Told>;
  /** Sends the form that is open; after one that was refused, the same once more. */
  send(values: Options): Promise<Told>;
  /** Chooses a shortcut from a message's menu, by its action. */
  choose(place: TownChannel, post: TownPost, action: string): Promise<Told>;
  /** What is offered for the last of the options; undefined where nothing is ever offered. */
  offered(place: TownChannel, command: string, options: Options): Promise<readonly string[] | undefined>;
}

export interface Door {
  /** The platform vouches for emails: people are found by them. */
  readonly knowsEmails: boolean;
  asker(person: TownPerson): Asker;
  /** A channel that shows no chat, with these people and the bot. */
  openLobby(first: TownPerson, others: readonly TownPerson[]): Promise<TownChannel>;
  /** A private channel of one person, without the bot. */
  openRoom(name: string, by: TownPerson): Promise<TownChannel>;
  addBot(channel: TownChannel, by: TownPerson): Promise<void>;
  /** Takes a person out of a channel by hand. */
  putOut(channel: TownChannel, person: TownPerson): Promise<void>;
  /** Ids of a bot and of somebody who is no full member. */
  addOutsiders(): { readonly bot: string; readonly guest: string };
  /** Leaves a channel by hand; undefined where one can't. */
  readonly leave: ((person: TownPerson, channel: TownChannel) => Promise<void>) | undefined;
}

export const doorOf = (town: Town): Door => (town.desk.platform === 'slack' ? slackDoor(town) : discordDoor(town));

/** An entry with options as somebody types it. Lists and names with blanks stand as they were given. */
export function typedWords(entry: CommandEntry, options: Options): string {
  const quotedFor = (isList: boolean | undefined, value: string): string =>
    isList === true || !/\s/u.test(value) ? value : `"${value}"`;
  const written = entry.options.flatMap(({ name, typed = 'word', list }) => {
    const value = options[name];
    if (value === undefined) return [];
    switch (typed) {
      case 'key':
        return [{ rank: 0, text: `${name}:${quotedFor(list, value)}` }];
      case 'word':
      case 'words':
        return [{ rank: 1, text: typed === 'word' ? quotedFor(list, value) : value }];
      case 'rest':
      case 'after':
        return [{ rank: 2, text: typed === 'after' ? `${name} ${value}` : value }];
    }
  });
  // What is taken as it stands comes last; elsewhere options with names may stand at the end.
  const hasRest = entry.options.some(({ typed }) => typed === 'rest');
  const ranked = written.toSorted((one, other) =>
    hasRest ? one.rank - other.rank : (one.rank || 3) - (other.rank || 3),
  );
  return [...entry.path, ...ranked.map(({ text }) => text)].join(' ');
}

function entryOf(command: string): CommandEntry {
  const entry = commandTree.entries.find(({ path }) => path.join(' ') === command);
  if (entry === undefined) throw new Error(`there is no command ${command}`);
  return entry;
}

function actionOf(told: Told, label: string): string {
  const button = told.buttons.find((each) => each.label === label);
  if (button === undefined) throw new Error(`no button ${label} under “${told.text}”`);
  return button.action;
}

function slackDoor(town: Town): Door {
  const { slack } = town;
  const shown = new WeakMap<Told, Ephemeral>();
  const toldOf = (answer: Ephemeral): Told => {
    const told: Told = {
      get text() {
        return readSlack(answer);
      },
      get buttons() {
        return slackButtons(answer.blocks ?? []);
      },
      isForm: false,
    };
    shown.set(told, answer);
    return told;
  };
  const asker = (person: TownPerson): Asker => {
    const client = slack.person(person.email);
    /** Where the last thing was asked: the answer to a form stands there. */
    let place = '';
    /** From now on: resolves with the next private answer there, or with a form. */
    const listen = (channel: string): ((what: string) => Promise<Told>) => {
      place = channel;
      const own = (): readonly Ephemeral[] => client.privateAnswers().filter((each) => each.channel === channel);
      const before = own().length;
      const open = client.modal;
      return async (what) => {
        const isOpened = (): boolean => client.modal !== undefined && client.modal !== open;
        await town.until(() => own().length > before || isOpened(), `an answer to ${what}`, PATIENCE_MS);
        const answer = own()[before];
        return answer === undefined ? { text: '', buttons: [], isForm: true } : toldOf(answer);
      };
    };
    const type = async (channel: TownChannel, words: string): Promise<Told> => {
      const heard = listen(channel.id);
      const { acked } = await client.slashCommand(channel.id, '/wa', words);
      if (!acked) throw new Error(`/wa ${words} was not acknowledged`);
      return heard(`/wa ${words}`);
    };
    return {
      person,
      type,
      give: (channel, command, options = {}) => type(channel, typedWords(entryOf(command), options)),
      press: async (told, label) => {
        const answer = shown.get(told);
        if (answer === undefined) throw new Error('nothing can be pressed there');
        const heard = listen(answer.channel);
        await client.click({ ...answer, user: client.id }, actionOf(told, label));
        return heard(label);
      },
      send: async (values) => {
        const view = client.modal;
        if (view === undefined) throw new Error('no form is open');
        const heard = listen(place);
        const { errors } = await client.submitView(view, values);
        if (errors === undefined) return heard('a form');
        return { text: Object.values(errors).join('\n'), buttons: [], isForm: true };
      },
      choose: async (channel, post, action) => {
        const heard = listen(channel.id);
        await client.messageShortcut(action, channel.id, post.id);
        return heard(`the shortcut ${action}`);
      },
      offered: async () => undefined,
    };
  };
  return {
    knowsEmails: true,
    asker,
    openLobby: async (first, others) => {
      const owner = slack.person(first.email);
      const lobby = await owner.create('lobby');
      for (const { email } of others) await slack.person(email).join(lobby);
      await owner.invite(lobby, slack.bot);
      return channelNamed(town, 'lobby');
    },
    openRoom: async (name, { email }) => {
      await slack.person(email).create(name, { private: true });
      return channelNamed(town, name);
    },
    addBot: (channel, { email }) => slack.person(email).invite(channel.id, slack.bot),
    putOut: async (channel, { email }) => slack.person(email).leave(channel.id),
    addOutsiders: () => ({
      bot: slack.bot.id,
      guest: slack.addPerson({ name: 'Gus', email: 'gus@acme.test', guest: 'multi' }).id,
    }),
    leave: ({ email }, channel) => slack.person(email).leave(channel.id),
  };
}

function channelNamed(town: Town, wanted: string): TownChannel {
  const channel = town.desk.channels().find(({ name }) => name === wanted);
  if (channel === undefined) throw new Error(`there is no ${wanted}`);
  return channel;
}

const LOADING = 128;

/** Whether an answer stands there. One that takes the place of the message with the button may come after Discord was told to wait for it. */
function isThere({ original, answer, followUps, createdAt }: Outcome['interaction']): boolean {
  if (original === undefined || (original.flags & LOADING) !== 0) return false;
  if (answer !== InteractionResponseType.DeferredMessageUpdate || followUps.length > 0) return true;
  return original.deleted || (original.editedAt ?? 0) >= createdAt;
}

function discordDoor(town: Town): Door {
  const { discord } = town;
  /** The message under which the buttons stand. */
  const shown = new WeakMap<Told, () => Message | undefined>();
  const asker = (person: TownPerson): Asker => {
    const client = discord.person(person.email);
    let refused: Told | undefined;
    const answered = async (what: string, { interaction, error }: Outcome): Promise<Told> => {
      if (error !== undefined) throw new Error(`${what}: ${error}`);
      await town.until(() => interaction.modal !== undefined || isThere(interaction), what, PATIENCE_MS);
      const messages = (): Message[] =>
        [interaction.original, ...interaction.followUps].filter((message) => message !== undefined);
      const strange = messages().find(({ onlyFor }) => onlyFor !== client.id);
      if (strange !== undefined) throw new Error(`others see the answer: ${strange.content}`);
      const told: Told = {
        get text() {
          return messages()
            .map((message) => readDiscord(message).words)
            .join('\n');
        },
        get buttons() {
          return messages().flatMap((message) => discordButtons(message));
        },
        isForm: interaction.modal !== undefined,
      };
      shown.set(told, () => messages().find((message) => discordButtons(message).length > 0));
      return told;
    };
    const press = async (told: Told, label: string): Promise<Told> => {
      const action = actionOf(told, label);
      const message = shown.get(told)?.();
      if (message === undefined) throw new Error('nothing can be pressed there');
      return answered(`an answer to ${label}`, await client.click(message, action));
    };
    return {
      person,
      type: (_place, words) => Promise.reject(new Error(`commands aren’t typed here: ${words}`)),
      give: async (place, command, options = {}) =>
        answered(`an answer to /wa ${command}`, await client.slashCommand(place.id, `/wa ${command}`, options)),
      press,
      send: async (values) => {
        // A form that was refused is closed: a button opens it again.
        if (client.modal === undefined && refused !== undefined) await press(refused, 'Change it');
        const told = await answered('an answer to a form', await client.submitModal(values));
        refused = told.buttons.some(({ label }) => label === 'Change it') ? told : undefined;
        return told;
      },
      choose: async (place, post, action) => {
        const shortcut = commandTree.shortcuts.find((each) => each.action === action);
        return answered(
          `an answer to the menu ${action}`,
          await client.contextMenu(shortcut?.label ?? action, discord.message(post.id), place.id),
        );
      },
      offered: async (place, command, options) => {
        const words = Object.entries(options).map(([name, value]) => `${name}:${value}`);
        const choices = await client.autocomplete(place.id, [`/wa ${command}`, ...words].join(' '));
        return choices.map(({ name }) => name);
      },
    };
  };
  return {
    knowsEmails: false,
    asker,
    openLobby: async () => {
      await discord.owner.createChannel('lobby');
      return channelNamed(town, 'lobby');
    },
    openRoom: async (name, { id }) => {
      const room = await discord.owner.createChannel(name, { private: true });
      await discord.owner.invite(room, { id });
      return channelNamed(town, name);
    },
    addBot: (channel) => discord.owner.invite(channel.id, discord.bot),
    putOut: (channel, { id }) => discord.owner.kick(channel.id, { id }),
    addOutsiders: () => ({
      bot: discord.bot.id,
      guest: discord.addPerson({ name: 'Gus', email: 'gus@acme.test', inGuild: false }).id,
    }),
    leave: undefined,
  };
}
