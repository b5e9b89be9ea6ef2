// What one IDENTIFY opened: numbered events kept for RESUME, and which of them its intents let through.
import { randomBytes } from 'node:crypto';
import { GatewayDispatchEvents, GatewayIntentBits, GatewayOpcodes } from 'discord-api-types/v10';
import { objectOf } from './json.ts';
import { canSee } from './permissions.ts';
import { isOpen } from './render-message.ts';
import type { Emitted, Guild } from './state.ts';

/** A connection as a session needs it. */
export interface Line {
  readonly open: boolean;
  send(text: string): void;
}

/** A session; it outlives its connection for a while. */
export class Session {
  readonly id = randomBytes(16).toString('hex');
  readonly intents: number;
  readonly shard: readonly [number, number];
  /** The number of the last event. */
  seq = 0;
  /** The last number a heartbeat told of. */
  acknowledged = 0;
  line: Line | undefined;
  readonly #guild: Guild;
  readonly #sent: { readonly seq: number; readonly text: string }[] = [];

  constructor(guild: Guild, intents: number, shard: readonly [number, number], line: Line) {
    this.#guild = guild;
    this.intents = intents;
    this.shard = shard;
    this.line = line;
  }

  /** Whether this session is told: its intents ask for it, and the bot sees the channel. */
  wants(emitted: Emitted): boolean {
    const guild = this.#guild;
    if (emitted.intent !== 0 && (this.intents & emitted.intent) === 0) return false;
    if (emitted.channel === undefined) return guild.hasBot || isPersonal(emitted.t);
    return canSee(guild, emitted.channel, guild.bot.id);
  }

  /** Numbers an event, keeps it for RESUME, and sends it when there is a connection. */
  dispatch(t: GatewayDispatchEvents, d: object): void {
    this.seq += 1;
    const text = JSON.stringify({ op: GatewayOpcodes.Dispatch, t, s: this.seq, d });
    this.#sent.push({ seq: this.seq, text });
    if (this.line?.open === true) this.line.send(text);
  }

  /** The payload as this session may read it. */
  payload(emitted: Emitted): object {
    const { message, d } = emitted;
    if (message === undefined || (this.intents & GatewayIntentBits.MessageContent) !== 0) return d;
    return isOpen(this.#guild, message) ? d : withoutContent(d);
  }

  /** Sends everything after a number again. */
  replay(seq: number): void {
    for (const event of this.#sent) if (event.seq > seq) this.line?.send(event.text);
  }
}

/** Events that come although the bot is in no guild. */
function isPersonal(t: GatewayDispatchEvents): boolean {
  return t === GatewayDispatchEvents.GuildDelete || t === GatewayDispatchEvents.InteractionCreate;
}

/** A message without what the MESSAGE_CONTENT intent is for. */
function withoutContent(d: object): object {
  const { poll: _poll, referenced_message: referenced, ...rest } = { ...objectOf(d) };
  return {
    ...rest,
    content: '',
    embeds: [],
    attachments: [],
    components: [],
    ...(referenced === undefined
      ? {}
      : { referenced_message: referenced === null ? null : withoutContent(objectOf(referenced)) }),
  };
}
