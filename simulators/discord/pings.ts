// What a text does where it is shown: whom it notifies, what can be clicked on, and which addresses Discord would fetch.
import { ButtonStyle, ComponentType, MessageFlags, PermissionFlagsBits as Bit } from 'discord-api-types/v10';
import type { APIEmbed } from 'discord-api-types/v10';
import { objectsOf, textOf, textsOf } from './json.ts';
import type { JsonObject } from './json.ts';
import { may } from './permissions.ts';
import type { Guild } from './state.ts';
import type { Author, Channel, Message, ShownLink } from './types.ts';

/** What is written, by whom, and whom it may notify (`allowed` as sent; undefined for people and calls without it). */
export interface Written {
  readonly author: Author;
  readonly content: string;
  readonly embeds: readonly APIEmbed[];
  readonly components: readonly JsonObject[];
  readonly flags: number;
  readonly allowed: JsonObject | undefined;
  /** The message it is a reply to. */
  readonly repliedTo: Message | undefined;
}

/** What it does. */
export type Effect = Pick<Message, 'mentions' | 'mentionRoles' | 'mentionEveryone' | 'pings' | 'links' | 'previews'>;

/** Works out the effect of a text in a channel. Embeds never notify; text in components does. */
export function effectOf(guild: Guild, channel: Channel, written: Written): Effect {
  const texts = [written.content, ...displayedTexts(written.components)].join('\n');
  const { allowed } = written;
  const parse = new Set(textsOf(allowed?.['parse']));
  const isAllowed = (kind: 'users' | 'roles', id: string): boolean =>
    allowed === undefined || parse.has(kind) || textsOf(allowed[kind]).includes(id);
  const mayMentionAll = written.author.webhook || may(guild, channel, written.author.id, Bit.MentionEveryone);
  const users = idsIn(texts, /<@!?(\d+)>/g).filter((id) => guild.users.has(id) && isAllowed('users', id));
  const roles = idsIn(texts, /<@&(\d+)>/g).filter((id) => {
    const role = guild.roles.get(id);
    return role !== undefined && (role.mentionable || mayMentionAll) && isAllowed('roles', id);
  });
  const everyone = mayMentionAll && (allowed === undefined || parse.has('everyone'));
  const all = everyone ? ['everyone', 'here'].filter((word) => texts.includes(`@${word}`)) : [];
  const replied = repliedUser(guild, written);
  if (replied !== undefined && !users.includes(replied)) users.push(replied);
  const silent = (written.flags & MessageFlags.SuppressNotifications) !== 0;
  return {
    mentions: users,
    mentionRoles: roles,
    mentionEveryone: all.length > 0,
    pings: silent ? [] : [...users, ...roles.map((id) => `@${id}`), ...all],
    links: linksOf(texts, written),
    previews: (written.flags & MessageFlags.SuppressEmbeds) === 0 ? previewsOf(guild, channel, texts, written) : [],
  };
}

/** A reply notifies the author of the message, unless `allowed_mentions` says something without `replied_user: true`. */
function repliedUser(guild: Guild, written: Written): string | undefined {
  const { repliedTo, allowed } = written;
  if (repliedTo === undefined || repliedTo.author.webhook || !guild.users.has(repliedTo.author.id)) return undefined;
  return allowed === undefined || allowed['replied_user'] === true ? repliedTo.author.id : undefined;
}

function idsIn(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, id = '']) => id))];
}

const ADDRESS = /https?:\/\/[^\s<>()\]]+/g;

/** Whether the characters of a text mean what they say at a place: no code around it, no backslash before it. */
function plainParts(text: string): string {
  return text.replaceAll(/```[\s\S]*?```|``[^`]+``|`[^`]+`/g, ' ');
}

function linksOf(texts: string, written: Written): ShownLink[] {
  const embeds = written.embeds.flatMap((embed) => [
    ...(embed.url === undefined ? [] : [{ url: embed.url, text: embed.title ?? embed.url }]),
    ...(embed.author?.url === undefined ? [] : [{ url: embed.author.url, text: embed.author.name }]),
    ...[embed.description, ...(embed.fields ?? []).map((field) => field.value)].flatMap((text) =>
      text === undefined ? [] : textLinks(text),
    ),
  ]);
  const buttons = everyComponent(written.components).flatMap((component) =>
    component['type'] === ComponentType.Button && component['style'] === ButtonStyle.Link
      ? [{ url: textOf(component['url']), text: textOf(component['label']) }]
      : [],
  );
  return [...textLinks(texts), ...embeds, ...buttons];
}

/** Masked links with their text, and bare addresses with themselves. */
function textLinks(text: string): ShownLink[] {
  const plain = plainParts(text);
  const masked: ShownLink[] = [];
  const rest = plain.replaceAll(
    /(?<!\\)\[((?:\\.|[^\]\\])+)\]\(\s*<?(https?:\/\/[^\s<>)]+)>?[^)]*\)/g,
    (_whole, shown: string, url: string) => {
      masked.push({ url, text: shown });
      return ' ';
    },
  );
  return [...masked, ...[...rest.matchAll(ADDRESS)].map(([url]) => ({ url, text: url }))];
}

/** Addresses not wrapped in `<…>`; only where the author may embed links, and not beside embeds of components v2. */
function previewsOf(guild: Guild, channel: Channel, texts: string, written: Written): string[] {
  if ((written.flags & MessageFlags.IsComponentsV2) !== 0) return [];
  if (!written.author.webhook && !may(guild, channel, written.author.id, Bit.EmbedLinks)) return [];
  const plain = plainParts(texts).replaceAll(/<https?:\/\/[^>\s]+>/g, ' ');
  return [...new Set([...plain.matchAll(ADDRESS)].map(([url]) => url))];
}

/** All components, nested ones included, in order. */
export function everyComponent(components: readonly JsonObject[]): JsonObject[] {
  return components.flatMap((component) => [
    component,
    ...everyComponent(objectsOf(component['components'])),
    ...everyComponent(objectsOf([component['component'], component['accessory']])),
  ]);
}

function displayedTexts(components: readonly JsonObject[]): string[] {
  return everyComponent(components).flatMap((component) =>
    component['type'] === ComponentType.TextDisplay ? [textOf(component['content'])] : [],
  );
}
