// The last look, when the script is over: every chat once more, and what must not have happened anywhere.
import { setTimeout as pause } from 'node:timers/promises';
import { compare } from './compare.ts';
import { isAgent, isGuildAgent, saidAfter } from './model.ts';
import { chats } from './script.ts';
import type { World } from './world.ts';

/** How long nothing may have happened before the last look, so that late doubles are seen, too. */
const QUIET_MS = 1_500;
const LIMIT_MS = 20_000;
const POLL_MS = 50;

/** What is in the Discord server beside the chats: its first channel, and the program's category. */
const GUILD_CHANNELS = new Set(['general', 'WhatsApp']);

export interface Verdict {
  /** What is wrong, in sentences. */
  readonly faults: readonly string[];
  /** What was verified, in one line. */
  readonly summary: string;
}

/** Waits until both simulators are quiet and holds them to the script. */
export async function verify(world: World, ending: AbortSignal): Promise<Verdict> {
  const isQuiet = await quiet(world, ending);
  const faults = chats.flatMap((chat) => compare(world, chat, saidAfter(chat, chat.steps)).differences);
  if (!isQuiet) faults.push('The two ends never came to rest.');
  faults.push(...strays(world), ...refusals(world));
  faults.push(...world.whatsapp.unknown.map((name) => `The simulated WhatsApp doesn't know ${name}.`));
  faults.push(...world.slack.unknown.map((name) => `The simulated Slack doesn't know ${name}.`));
  faults.push(...world.discord.unknown.map((name) => `The simulated Discord doesn't know ${name}.`));
  faults.push(...world.program.errors.map((line) => `The program logged an error: ${line}`));
  for (const entry of world.whatsapp.history) {
    if (entry.kind === 'undecryptable')
      faults.push(`The phone ${entry.account} couldn't read a message: ${entry.error}`);
  }
  const said = chats.flatMap((chat) => saidAfter(chat, chat.steps));
  const outside = said.filter((one) => !one.staysInside);
  const replies = outside.filter((one) => isAgent(one.by) || isGuildAgent(one.by));
  const guildCount = replies.filter((one) => isGuildAgent(one.by)).length;
  const fileCount = outside.filter((one) => one.file !== undefined).length;
  const noteCount = said.filter((one) => one.staysInside && isAgent(one.by)).length;
  const summary =
    `${outside.length} messages in ${chats.length} chats verified on the phones, in Slack and in Discord: each once, in order, in its place; ` +
    `${fileCount} files with all their bytes (SHA-256), ${replies.length} replies with their line (${guildCount} from Discord), ` +
    `${noteCount} notes and a stranger's reply kept inside.`;
  return { faults, summary };
}

/** Resolves when nothing has happened for a while; to false when something always did. */
async function quiet(world: World, ending: AbortSignal): Promise<boolean> {
  const now = (): number => world.slack.requests.length + world.discord.requests.length + world.whatsapp.history.length;
  const endsAt = performance.now() + LIMIT_MS;
  let last = now();
  let since = performance.now();
  while (performance.now() < endsAt) {
    await pause(POLL_MS, undefined, { signal: ending });
    const count = now();
    if (count !== last) since = performance.now();
    last = count;
    if (performance.now() - since > QUIET_MS && world.slack.events.settled && world.discord.events.settled) return true;
  }
  return false;
}

/** Messages and channels beside those of the script. */
function strays(world: World): string[] {
  const expected = new Set(chats.map((chat) => chat.channel));
  const channels = world.slack.channels().filter((channel) => !expected.has(channel.name));
  const guildChannels = world.discord.channels().filter(({ name }) => !expected.has(name) && !GUILD_CHANNELS.has(name));
  const known = new Set(
    chats.flatMap((chat) => [world.to(chat).jid, ...chat.people.map((who) => world.phones[who].jid)]),
  );
  return [
    ...channels.map((channel) => `There is a channel nobody asked for: #${channel.name}.`),
    ...guildChannels.map((channel) => `There is a channel nobody asked for in Discord: #${channel.name}.`),
    ...world.whatsapp.phones.flatMap((phone) =>
      phone.inbox
        .filter((message) => !known.has(message.chat))
        .map((message) => `The phone of ${phone.name} got a message of no chat: ${message.text}`),
    ),
  ];
}

/** The stranger was told why nothing was sent, and is out of the channel. */
function refusals(world: World): string[] {
  const told = [...world.stranger.privateAnswers(), ...world.stranger.directMessages()];
  return told.some((message) => message.text.includes('not sent'))
    ? []
    : [`${world.stranger.name} wasn't told that the reply was not sent.`];
}
