// Performs the script: every step is done by a phone or by a person at Slack, and then both ends must show it.
import { setTimeout as pause } from 'node:timers/promises';
import type { Channel as GuildChannel } from '../discord/index.ts';
import { emojiOf } from '../slack/emoji.ts';
import type { Channel, SayOptions } from '../slack/index.ts';
import type { Phone } from '../whatsapp/index.ts';
import { compare, type Place } from './compare.ts';
import type { DemoFile, FileName } from './files.ts';
import { isAgent, saidAfter, type Said } from './model.ts';
import { customers, type ChatScript, type Customer, type Step } from './script.ts';
import type { World } from './world.ts';

/** How long both ends may take to show a step, on a machine that has other things to do. */
const LIMIT_MS = 45_000;
const POLL_MS = 50;

export interface PlayOptions {
  /** How long a reader is left alone with each step. */
  readonly paceMs: number;
  readonly ending: AbortSignal;
}

/** Plays one chat to its end. Rejects with the differences when the ends don't come to show what was said. */
export async function play(world: World, chat: ChatScript, options: PlayOptions): Promise<void> {
  let places: ReadonlyMap<string, Place> = new Map();
  for (const [index, step] of chat.steps.entries()) {
    const before = saidAfter(chat, chat.steps.slice(0, index));
    if (step.atOnce !== true) {
      places = await bothEndsShow(world, chat, before, options);
      await pause(options.paceMs, undefined, { signal: options.ending });
    }
    await perform(new Stage(world, chat, before, places), step);
  }
  await bothEndsShow(world, chat, saidAfter(chat, chat.steps), options);
}

async function bothEndsShow(
  world: World,
  chat: ChatScript,
  said: readonly Said[],
  { ending }: PlayOptions,
): Promise<ReadonlyMap<string, Place>> {
  const endsAt = performance.now() + LIMIT_MS;
  for (;;) {
    const { differences, places } = compare(world, chat, said);
    if (differences.length === 0) return places;
    if (performance.now() > endsAt) {
      throw new Error(`After ${LIMIT_MS / 1000} s the two ends still don't agree:\n${differences.join('\n')}`);
    }
    await Promise.race([pause(POLL_MS, undefined, { signal: ending }), world.program.died]);
  }
}

/** What a step is done with: who is there, and where the messages it refers to stand. */
class Stage {
  readonly world: World;
  readonly chat: ChatScript;
  readonly #said: readonly Said[];
  readonly #places: ReadonlyMap<string, Place>;

  constructor(world: World, chat: ChatScript, said: readonly Said[], places: ReadonlyMap<string, Place>) {
    this.world = world;
    this.chat = chat;
    this.#said = said;
    this.#places = places;
  }

  said(id: string): Said {
    return known(
      this.#said.find((one) => one.id === id),
      id,
    );
  }

  /** Its id on the phones. */
  remoteId(id: string): string {
    return known(this.#places.get(id)?.remoteId, id);
  }

  /** Its ts in the channel. */
  ts(id: string): string {
    return known(this.#places.get(id)?.ts, id);
  }

  /** Its id in Discord's channel. */
  guildPost(id: string): string {
    return known(this.#places.get(id)?.guildPost, id);
  }

  thread(id: string): { readonly thread: string } {
    return { thread: this.ts(this.said(id).thread ?? id) };
  }

  get guildChannel(): GuildChannel {
    return known(this.world.guildChannel(this.chat), this.chat.channel);
  }

  get channel(): Channel {
    return known(this.world.channel(this.chat), this.chat.channel);
  }
}

function known<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} isn't there yet`);
  return value;
}

async function perform(stage: Stage, step: Step): Promise<void> {
  const { world, chat } = stage;
  const to = world.to(chat);
  switch (step.does) {
    case 'write': {
      const quote = step.quote === undefined ? {} : { quote: stage.remoteId(step.quote) };
      await world.phones[step.by].sendText(to, step.text, quote);
      return;
    }
    case 'sendFile': {
      const { kind, bytes, mimeType, name, seconds } = world.files[step.file];
      await world.phones[step.by].sendMedia(to, kind, bytes, {
        mimetype: mimeType,
        fileName: name,
        ...(step.text === undefined ? {} : { caption: step.text }),
        ...(seconds === undefined ? {} : { seconds }),
      });
      return;
    }
    case 'read':
      world.phones[step.by].markRead(to);
      return;
    case 'typeOnPhone': {
      const [partner] = chat.people;
      await world.office.sendText(world.phones[known(partner, 'a customer')], step.text);
      return;
    }
    case 'reply': {
      const files = step.file === undefined ? {} : attached(world.files, step.file);
      await world.people[step.by].say(stage.channel, step.text, { ...stage.thread(step.to), ...files });
      return;
    }
    case 'replyInGuild':
      await world.members[step.by].say(stage.guildChannel, step.text, { replyTo: stage.guildPost(step.to) });
      return;
    case 'note':
      await world.people[step.by].say(stage.channel, step.text, step.to === undefined ? {} : stage.thread(step.to));
      return;
    case 'intrude':
      await world.people[step.broughtBy].invite(stage.channel, world.stranger);
      await world.stranger.say(stage.channel, step.text, stage.thread(step.to));
      return;
    case 'edit': {
      const { by } = stage.said(step.of);
      if (isAgent(by)) await world.people[by].edit(stage.channel, stage.ts(step.of), step.text);
      else await phoneOf(world, by).edit(to, stage.remoteId(step.of), step.text);
      return;
    }
    case 'delete': {
      const { by } = stage.said(step.of);
      if (isAgent(by)) await world.people[by].remove(stage.channel, stage.ts(step.of));
      else await phoneOf(world, by).revoke(to, stage.remoteId(step.of));
      return;
    }
    case 'react': {
      const { by } = step;
      const { name } = known(emojiOf(step.emoji), step.emoji);
      if (isAgent(by)) await world.people[by].react(stage.channel, stage.ts(step.to), name);
      else await world.phones[by].react(to, stage.remoteId(step.to), step.emoji);
    }
  }
}

function attached(files: Readonly<Record<FileName, DemoFile>>, name: FileName): Pick<SayOptions, 'files'> {
  const { bytes, name: fileName } = files[name];
  return { files: [{ name: fileName, bytes }] };
}

function phoneOf(world: World, speaker: Said['by']): Phone {
  if (!(speaker in customers)) throw new Error(`${speaker} has no phone of their own`);
  return world.phones[speaker as Customer];
}
