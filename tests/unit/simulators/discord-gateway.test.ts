// The Discord stand-in's gateway, driven by the real discord.js: lost connections, sessions, intents, and events that go astray.
import { Events, GatewayDispatchEvents, GatewayIntentBits } from 'discord.js';
import type { Client, GatewayDispatchPayload, Guild, TextChannel } from 'discord.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { named, saying } from '../../../simulators/discord/index.ts';
import { Bench, codeOf, INTENTS } from './discord-client.ts';

let bench: Bench;

/** The texts of all new messages the client is told of, doubles included. */
function textsHeard(client: Client): string[] {
  const texts: string[] = [];
  client.on(Events.Raw, (payload: GatewayDispatchPayload) => {
    if (payload.t === GatewayDispatchEvents.MessageCreate) texts.push(payload.d.content);
  });
  return texts;
}

interface Running {
  readonly client: Client<true>;
  readonly guild: Guild;
  readonly channel: TextChannel;
  readonly texts: string[];
}

async function running(): Promise<Running> {
  const { client, guild } = await bench.ready();
  const channel = await bench.privateChannel(guild);
  await bench.discord.settled();
  return { client, guild, channel, texts: textsHeard(client) };
}

beforeEach(async () => {
  bench = await Bench.start();
});

afterEach(async () => {
  const unknown = await bench.stop();
  if (unknown.length > 0) throw new Error(`Discord doesn't know ${unknown.join(', ')}`);
});

describe('a lost connection', () => {
  it('is waited for by nobody when it is half-open, before either side has noticed', async () => {
    const { channel } = await running();
    bench.discord.gateway.freezeAll();
    await bench.ana.say(channel.id, 'into the void');
    await expect(bench.discord.settled(2_000)).resolves.toBeUndefined();
    // Or its client would wait half a minute for the close to be answered.
    bench.discord.gateway.dropAll();
    await bench.discord.until(() => bench.discord.gateway.resumedCount === 1, 'the RESUME');
  });

  it.each([
    ['a cut', (): void => bench.discord.gateway.dropAll()],
    ['a close with 4000', (): void => bench.discord.gateway.dropAll(4000)],
    ['a reconnect order', (): void => bench.discord.gateway.reconnectAll()],
  ])('is resumed after %s, with everything that was missed', async (_name, lose) => {
    const { channel, texts } = await running();
    lose();
    await bench.ana.say(channel.id, 'meanwhile');
    await bench.discord.until(() => texts.includes('meanwhile'), 'the missed message');
    await bench.discord.until(() => bench.discord.gateway.resumedCount === 1, 'the RESUME');
    expect(bench.discord.gateway.identifiedCount).toBe(1);
    expect(texts.filter((text) => text === 'meanwhile')).toHaveLength(1);
  });

  it.each([
    ['an invalid session', (): void => bench.discord.gateway.invalidateAll()],
    [
      'a session that was forgotten',
      (): void => {
        bench.discord.gateway.forgetSessions();
        bench.discord.gateway.dropAll(4000);
      },
    ],
  ])('loses what was missed after %s', async (_name, lose) => {
    const { channel, texts, client } = await running();
    lose();
    const id = await bench.ana.say(channel.id, 'lost');
    await bench.discord.until(() => bench.discord.gateway.identifiedCount === 2, 'a new session');
    await bench.discord.until(() => channel.lastMessageId === id, 'GUILD_CREATE');
    await bench.ana.say(channel.id, 'after');
    await bench.discord.until(() => texts.includes('after'), 'the later message');
    expect(texts).toEqual(['after']);
    const missed = await channel.messages.fetch({ limit: 100 });
    expect(missed.map(({ content }) => content)).toContain('lost');
    expect(client.isReady()).toBe(true);
  });

  it('ends its session when the app says goodbye', async () => {
    const { client } = await running();
    expect(bench.discord.gateway.sessions.size).toBe(1);
    await client.destroy();
    await bench.discord.until(() => bench.discord.gateway.sessions.size === 0, 'the end of the session');
    expect(bench.discord.gateway.connectedCount).toBe(0);
  });

  it('is noticed by the app when its heartbeats stay without an answer', async () => {
    bench.discord.settings.heartbeatIntervalMs = 60;
    const { channel, texts } = await running();
    bench.discord.gateway.frozenAcks = true;
    await bench.discord.until(() => bench.discord.gateway.openedCount >= 2, 'a second connection');
    bench.discord.gateway.frozenAcks = false;
    await bench.ana.say(channel.id, 'still here');
    await bench.discord.until(() => texts.length > 0, 'the message');
    expect(texts).toEqual(['still here']);
  });
});

describe('login', () => {
  it('is refused with 4014 for an intent that is switched off', async () => {
    bench.discord.portal.messageContent = false;
    await expect(bench.client().login(bench.discord.botToken)).rejects.toThrow('Used disallowed intents');
  });

  it('is refused for a token that is no longer good', async () => {
    bench.discord.revokeToken();
    await expect(bench.client().login(bench.discord.botToken)).rejects.toThrow('An invalid token was provided.');
    bench.discord.restoreToken();
    bench.discord.gateway.refuseIdentify(4004);
    await expect(bench.client().login(bench.discord.botToken)).rejects.toThrow('Authentication failed');
  });

  it('ends for good when the token is revoked', async () => {
    const { client, channel } = await running();
    const closed = new Promise<number>((resolve) => {
      client.on(Events.ShardDisconnect, ({ code }) => resolve(code));
    });
    bench.discord.revokeToken();
    expect(await closed).toBe(4004);
    expect(await codeOf(channel.send('x'))).toBe(0);
    expect(bench.discord.requests.at(-1)?.status).toBe(401);
  });
});

describe('intents', () => {
  it('take the content out of what others wrote, over the gateway and over REST', async () => {
    bench.discord.portal.messageContent = false;
    const intents = INTENTS.filter((intent) => intent !== GatewayIntentBits.MessageContent);
    const { client, guild } = await bench.ready({ intents });
    const channel = await bench.privateChannel(guild);
    const texts = textsHeard(client);
    const id = await bench.ana.say(channel.id, 'private words');
    await bench.ana.say(channel.id, 'hello', { mention: [bench.discord.bot] });
    await bench.discord.until(() => texts.length === 2, 'both messages');
    expect(texts).toEqual(['', `<@${bench.discord.bot.id}> hello`]);
    expect((await channel.messages.fetch({ message: id, force: true })).content).toBe('');
  });

  it('keep members from the app that has not asked for them', async () => {
    const { client } = await bench.ready({ intents: [GatewayIntentBits.Guilds] });
    const told: string[] = [];
    client.on(Events.Raw, ({ t }: GatewayDispatchPayload) => told.push(t));
    const ben = bench.discord.addPerson({ name: 'Ben', email: 'ben@acme.com' });
    await ben.leaveGuild();
    const root = bench.discord.addPerson({ name: 'Root', email: 'root@acme.com', administrator: true });
    await root.createChannel('open');
    await bench.discord.until(() => told.includes('CHANNEL_CREATE'), 'the channel');
    expect(told.filter((name) => name.startsWith('GUILD_MEMBER'))).toEqual([]);
  });
});

describe('events', () => {
  it('can be lost, doubled, kept back and late', async () => {
    const { channel, texts } = await running();
    const { events } = bench.discord;
    const found = events.lose(saying('lost'));
    await bench.ana.say(channel.id, 'lost');
    found();
    events.duplicate(1, saying('twice'));
    await bench.ana.say(channel.id, 'twice');
    events.duplicate(0);
    const hold = events.withhold(saying('held'));
    await bench.ana.say(channel.id, 'held 1');
    await bench.ana.say(channel.id, 'held 2');
    await bench.ana.say(channel.id, 'free');
    await bench.discord.until(() => texts.includes('free'), 'the free message');
    expect(hold.held).toHaveLength(2);
    hold.release('reversed');
    events.delayMs = 30;
    await bench.ana.say(channel.id, 'late');
    await bench.discord.settled();
    await bench.discord.until(() => texts.includes('late'), 'the late message');
    expect(texts).toEqual(['twice', 'twice', 'free', 'held 2', 'held 1', 'late']);
  });

  it('tell of people who come, change and go', async () => {
    const { client } = await running();
    const told: string[] = [];
    client.on(Events.GuildMemberAdd, (member) => told.push(`+ ${member.displayName}`));
    client.on(Events.GuildMemberUpdate, (_before, member) => told.push(`= ${member.displayName}`));
    client.on(Events.GuildMemberRemove, (member) => told.push(`- ${member.displayName}`));
    const ben = bench.discord.addPerson({ name: 'Ben', email: 'ben@acme.com' });
    bench.discord.change(ben, { nick: 'Benny' });
    await ben.leaveGuild();
    await bench.discord.until(() => told.length === 3, 'three events');
    expect(told).toEqual(['+ Ben', '= Benny', '- Benny']);
  });

  it('bring the whole list of members once in 30 seconds', async () => {
    const { client, guild } = await running();
    expect((await guild.members.fetch()).size).toBe(3);
    const limited = new Promise<GatewayDispatchPayload>((resolve) => {
      client.on(Events.Raw, (payload: GatewayDispatchPayload) => {
        if (payload.t === GatewayDispatchEvents.RateLimited) resolve(payload);
      });
    });
    await expect(guild.members.fetch({ time: 150 })).rejects.toThrow('opcode 8 was rate limited');
    expect((await limited).d).toMatchObject({ opcode: 8, meta: { guild_id: guild.id } });
    expect((await guild.members.list({ limit: 1_000, cache: false })).size).toBe(3);
  });

  it('tell of hidden channels and lost webhooks', async () => {
    const { client, channel } = await running();
    const root = bench.discord.addPerson({ name: 'Root', email: 'root@acme.com', administrator: true });
    const webhook = await channel.createWebhook({ name: 'WhatsApp' });
    await bench.discord.settled();
    const updates: string[] = [];
    client.on(Events.WebhooksUpdate, ({ id }) => updates.push(id));
    client.on(Events.ChannelDelete, ({ id }) => updates.push(`deleted ${id}`));
    await root.deleteWebhook(webhook.id);
    await root.kick(channel.id, bench.discord.bot);
    await bench.discord.until(() => !channel.viewable, 'the channel to be hidden');
    await root.invite(channel.id, bench.discord.bot);
    await root.deleteChannel(channel.id);
    await bench.discord.until(() => updates.includes(`deleted ${channel.id}`), 'the deletion');
    expect(updates).toEqual([channel.id, `deleted ${channel.id}`]);
  });

  it('stop when the bot is removed from the guild, and come back with it', async () => {
    const { client, guild, channel } = await running();
    const gone = new Promise<string>((resolve) => {
      client.on(Events.GuildDelete, ({ id }) => resolve(id));
    });
    bench.discord.kickBot();
    expect(await gone).toBe(guild.id);
    expect(await codeOf(client.guilds.fetch(guild.id))).toBe(10004);
    expect(await codeOf(channel.send('x'))).toBe(50001);
    const back = new Promise<string>((resolve) => {
      client.on(Events.GuildCreate, ({ id }) => resolve(id));
    });
    bench.discord.inviteBot();
    expect(await back).toBe(guild.id);
  });

  it('reach the app again only after the connection it was refused', async () => {
    const { channel, texts } = await running();
    bench.discord.gateway.refuse(1);
    const lost = bench.discord.events.lose(named('MESSAGE_CREATE'));
    bench.discord.gateway.dropAll();
    await bench.ana.say(channel.id, 'never told');
    lost();
    await bench.discord.until(() => bench.discord.gateway.connectedCount === 1, 'the app to be back', 15_000);
    await bench.ana.say(channel.id, 'told');
    await bench.discord.until(() => texts.includes('told'), 'the message');
    expect(texts).toEqual(['told']);
  });
});
