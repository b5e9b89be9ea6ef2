// What the tests of the Discord stand-in share: a guild for each test, and the real discord.js client pointed at it.
import { Client, DiscordAPIError, Events, GatewayIntentBits, OverwriteType, Partials } from 'discord.js';
import type { ClientOptions, Guild, OverwriteResolvable, TextChannel } from 'discord.js';
import { startDiscord } from '../../../simulators/discord/index.ts';
import type { DiscordOptions, DiscordSimulator, Person } from '../../../simulators/discord/index.ts';

/** All a bridge asks for, the two privileged ones included. */
export const INTENTS = [
  GatewayIntentBits.Guilds,
  GatewayIntentBits.GuildMembers,
  GatewayIntentBits.GuildMessages,
  GatewayIntentBits.GuildMessageReactions,
  GatewayIntentBits.GuildWebhooks,
  GatewayIntentBits.DirectMessages,
  GatewayIntentBits.MessageContent,
];

/** A guild with Ana in it, and a client that can be logged in. */
export class Bench {
  readonly discord: DiscordSimulator;
  readonly ana: Person;
  readonly #clients: Client[] = [];

  private constructor(discord: DiscordSimulator) {
    this.discord = discord;
    this.ana = discord.addPerson({ name: 'Ana Silva', email: 'Ana@acme.com' });
  }

  static async start(options: DiscordOptions = {}): Promise<Bench> {
    return new Bench(await startDiscord(options));
  }

  /** A client without retries, not logged in. */
  client(options: Partial<ClientOptions> = {}): Client {
    const client = new Client({
      intents: INTENTS,
      partials: [Partials.Channel, Partials.Message, Partials.Reaction],
      // Without the five seconds between two IDENTIFYs.
      ws: { buildIdentifyThrottler: async () => ({ waitForIdentify: async () => undefined }) },
      ...options,
      rest: { api: this.discord.apiUrl, cdn: this.discord.cdnUrl, version: '10', retries: 0, ...options.rest },
    });
    client.on(Events.Error, () => undefined);
    this.#clients.push(client);
    return client;
  }

  /** A client that is ready, and its guild. */
  async ready(options: Partial<ClientOptions> = {}): Promise<{ client: Client<true>; guild: Guild }> {
    const client = this.client(options);
    const ready = new Promise<Client<true>>((resolve) => {
      client.once(Events.ClientReady, resolve);
    });
    await client.login(this.discord.botToken);
    const started = await ready;
    return { client: started, guild: await started.guilds.fetch(this.discord.guildId) };
  }

  /** Overwrites of a channel for these people and the bot, hidden from everybody else. */
  privately(...people: readonly { readonly id: string }[]): OverwriteResolvable[] {
    const { guildId, bot } = this.discord;
    return [
      { id: guildId, type: OverwriteType.Role, deny: ['ViewChannel'] },
      { id: bot.id, type: OverwriteType.Member, allow: ['ViewChannel', 'SendMessages', 'ManageWebhooks'] },
      ...people.map(({ id }) => ({ id, type: OverwriteType.Member, allow: ['ViewChannel' as const] })),
    ];
  }

  /** A private channel made by the app for these people (default Ana). */
  async privateChannel(guild: Guild, name = 'wa-lena', people = [this.ana]): Promise<TextChannel> {
    return guild.channels.create({ name, permissionOverwrites: this.privately(...people) });
  }

  /** Stops clients and guild and answers what wasn't known. */
  async stop(): Promise<readonly string[]> {
    await Promise.all(this.#clients.map((client) => client.destroy()));
    await this.discord.stop();
    return this.discord.unknown;
  }
}

/** Discord's error code of a call that must be refused. */
export async function codeOf(call: Promise<unknown>): Promise<number | string> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof DiscordAPIError ? error.code : `not refused by Discord: ${String(error)}`;
}
