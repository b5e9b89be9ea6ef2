// The Discord stand-in's faults, limits, files and sign-in, driven by the real discord.js and plain HTTP.
import { createHash } from 'node:crypto';
import { AttachmentBuilder, ChannelType, EmbedBuilder, MessageFlags, RateLimitError } from 'discord.js';
import type { Guild, TextChannel } from 'discord.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bench, codeOf } from './discord-client.ts';

let bench: Bench;
let guild: Guild;
let channel: TextChannel;

beforeEach(async () => {
  bench = await Bench.start();
  ({ guild } = await bench.ready());
  channel = await bench.privateChannel(guild);
});

afterEach(async () => {
  const unknown = await bench.stop();
  if (unknown.length > 0) throw new Error(`Discord doesn't know ${unknown.join(', ')}`);
});

/** Texts of a channel as the stand-in holds them. */
function texts(): string[] {
  return bench.discord.channel(channel.id).messages.map(({ content }) => content);
}

describe('calls', () => {
  it.each(['user', 'global', 'shared'] as const)(
    'are told to wait (%s), once, and go through after that',
    async (scope) => {
      bench.discord.faults.call('create_message', { kind: 'rate_limited', scope, retryAfter: 0.05 });
      await channel.send('x');
      const posts = bench.discord.requests.filter(({ operation }) => operation === 'create_message');
      expect(posts.map(({ status, applied }) => [status, applied])).toEqual([
        [429, false],
        [200, true],
      ]);
      expect(bench.discord.invalidRequestCount).toBe(scope === 'shared' ? 0 : 1);
    },
  );

  it('reject at once where the app does not want to wait', async () => {
    const { guild: other } = await bench.ready({ rest: { rejectOnRateLimit: () => true } });
    bench.discord.faults.call('create_message', { kind: 'rate_limited', retryAfter: 30 }, { channel: channel.id });
    const same = await other.channels.fetch(channel.id);
    if (same?.isTextBased() !== true) throw new Error('no channel');
    await expect(same.send('x')).rejects.toThrow(RateLimitError);
  });

  it('are done although the answer is lost, so that a retry without nonce posts twice', async () => {
    const { guild: other } = await bench.ready({ rest: { retries: 1 } });
    const same = await other.channels.fetch(channel.id);
    if (same?.isTextBased() !== true) throw new Error('no channel');
    bench.discord.faults.call('create_message', { kind: 'answer_status', status: 502 }, { times: 2 });
    await expect(same.send('twice')).rejects.toThrow('Bad Gateway');
    expect(texts()).toEqual(['twice', 'twice']);
    bench.discord.faults.call('create_message', { kind: 'answer_status', status: 502 });
    await same.send({ content: 'once', nonce: 'n-1', enforceNonce: true });
    expect(texts()).toEqual(['twice', 'twice', 'once']);
  });

  it('can be cut, hang, come as HTML or be refused, with nothing done', async () => {
    const { faults } = bench.discord;
    faults.call('create_message', { kind: 'cut' });
    await expect(channel.send('x')).rejects.toThrow('other side closed');
    faults.call('create_message', { kind: 'status', status: 500 });
    await expect(channel.send('x')).rejects.toThrow('Internal Server Error');
    faults.call('create_message', { kind: 'error', status: 403, code: 50013, message: 'Missing Permissions' });
    expect(await codeOf(channel.send('x'))).toBe(50013);
    const { guild: other } = await bench.ready({ rest: { timeout: 60 } });
    faults.call('get_guild', { kind: 'hang' });
    await expect(other.fetch()).rejects.toThrow('aborted');
    faults.call('create_message', { kind: 'html' });
    await channel.send('x').catch(() => undefined);
    expect(texts()).toEqual([]);
    faults.call('create_message', { kind: 'answer_lost' });
    await expect(channel.send('there')).rejects.toThrow('other side closed');
    expect(texts()).toEqual(['there']);
  });

  it('rename a channel twice in ten minutes and no more', async () => {
    const { guild: other } = await bench.ready({ rest: { rejectOnRateLimit: () => true } });
    const same = await other.channels.fetch(channel.id);
    await same?.setName('one');
    await same?.setName('two');
    await expect(same?.setName('three')).rejects.toThrow(RateLimitError);
    expect(bench.discord.channel(channel.id).name).toBe('two');
  });

  it('keep their buckets when that is switched on', async () => {
    bench.discord.faults.rateLimits = true;
    const url = `${bench.discord.apiUrl}/v10/channels/${channel.id}/messages`;
    const headers = { authorization: `Bot ${bench.discord.botToken}`, 'content-type': 'application/json' };
    const left: (string | null)[] = [];
    let last: Response | undefined;
    for (let at = 0; at < 6; at += 1) {
      last = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ content: 'x' }) });
      left.push(last.headers.get('x-ratelimit-remaining'));
    }
    expect(left.slice(0, 5)).toEqual(['4', '3', '2', '1', '0']);
    expect([last?.status, last?.headers.get('x-ratelimit-scope')]).toEqual([429, 'user']);
    expect(Number.isInteger(Number(last?.headers.get('retry-after')))).toBe(true);
  });

  it('stop at the caps of guild, category and webhooks', async () => {
    const { settings } = bench.discord;
    const category = await guild.channels.create({ name: 'Chats', type: ChannelType.GuildCategory });
    settings.categoryChannelLimit = 1;
    await guild.channels.create({ name: 'a', parent: category.id });
    expect(await codeOf(guild.channels.create({ name: 'b', parent: category.id }))).toBe(30013);
    settings.guildChannelLimit = bench.discord.channels().length;
    expect(await codeOf(guild.channels.create({ name: 'b' }))).toBe(30013);
    settings.webhooksPerChannel = 1;
    await channel.createWebhook({ name: 'a' });
    expect(await codeOf(channel.createWebhook({ name: 'b' }))).toBe(30007);
  });

  it('are refused when the bot may not, or stands below the role', async () => {
    const above = bench.discord.addRole('Bosses', { aboveBot: true });
    const below = bench.discord.addRole('Sales');
    await bench.discord.settled();
    const ana = await guild.members.fetch(bench.ana.id);
    await ana.roles.add(below.id);
    expect(bench.discord.guild.members.get(bench.ana.id)?.roles.has(below.id)).toBe(true);
    expect(await codeOf(ana.roles.add(above.id))).toBe(50013);
    bench.discord.setBotPermissions(['ViewChannel', 'SendMessages']);
    expect(await codeOf(guild.channels.create({ name: 'x' }))).toBe(50013);
    // The channel's own overwrite still allows this one.
    expect((await channel.createWebhook({ name: 'x' })).name).toBe('x');
  });
});

describe('files', () => {
  const bytes = Buffer.from([0, 1, 2, 255, 10, 13]);

  it('keep their bytes, get clean names, and their links end', async () => {
    let now = Date.now();
    await bench.stop();
    bench = await Bench.start({ now: () => now });
    ({ guild } = await bench.ready());
    channel = await bench.privateChannel(guild);
    const sent = await channel.send({ files: [new AttachmentBuilder(bytes, { name: 'My Bill (1).pdf' })] });
    const file = sent.attachments.first();
    expect(file).toMatchObject({ name: 'My_Bill_1.pdf', title: 'My Bill (1)', size: bytes.length });
    const url = file?.url ?? '';
    const good = await fetch(url);
    expect(Buffer.from(await good.arrayBuffer())).toEqual(bytes);
    expect((await fetch(url.replace('hm=', 'hm=0'))).status).toBe(404);
    now += bench.discord.settings.fileLinkLifeMs + 2_000;
    expect((await fetch(url)).status).toBe(404);
    const again = await channel.messages.fetch({ message: sent.id, force: true });
    expect((await fetch(again.attachments.first()?.url ?? '')).status).toBe(200);
  });

  it('of people and webhooks arrive, break off when ordered, and are refused over the limit', async () => {
    const webhook = await channel.createWebhook({ name: 'WhatsApp' });
    const { id } = await webhook.send({ username: 'Lena', files: [{ attachment: bytes, name: 'a.ogg' }] });
    expect(bench.discord.message(id).files[0]).toMatchObject({ name: 'a.ogg', bytes, contentType: 'audio/ogg' });
    const theirs = await bench.ana.say(channel.id, '', { files: [{ name: 'b.png', bytes }] });
    const fetched = await channel.messages.fetch(theirs);
    bench.discord.faults.download({ kind: 'truncated', part: 0.5 });
    const cut = await fetch(fetched.attachments.first()?.url ?? '');
    await expect(cut.arrayBuffer()).rejects.toThrow('terminated');
    bench.discord.settings.maxFileBytes = 3;
    expect(await codeOf(channel.send({ files: [{ attachment: bytes, name: 'big.bin' }] }))).toBe(40005);
  });

  it('shown by an embed are not in the list under the message', async () => {
    const embed = new EmbedBuilder().setTitle('Today').setImage('attachment://chart.png');
    const sent = await channel.send({ embeds: [embed], files: [{ attachment: bytes, name: 'chart.png' }] });
    expect(sent.attachments.size).toBe(0);
    const image = await fetch(sent.embeds[0]?.image?.url ?? '');
    expect(Buffer.from(await image.arrayBuffer())).toEqual(bytes);
  });

  it('make a voice message only alone and with a waveform', async () => {
    const flags = MessageFlags.IsVoiceMessage as never;
    expect(await codeOf(channel.send({ flags, files: [{ attachment: bytes, name: 'v.ogg' }] }))).toBe(50161);
    const voice = new AttachmentBuilder(bytes, { name: 'v.ogg' }).setDuration(2).setWaveform('AAA=');
    const sent = await channel.send({ flags, files: [voice] });
    expect(bench.discord.message(sent.id).files[0]).toMatchObject({ durationSecs: 2, waveform: 'AAA=' });
  });
});

describe('the sign-in', () => {
  const redirect = 'http://127.0.0.1:9/callback';

  async function consent(scope: string, challenge?: string): Promise<URL> {
    const url = new URL(bench.discord.oauthAuthorizeUrl);
    const asked = {
      response_type: 'code',
      client_id: bench.discord.clientId,
      redirect_uri: redirect,
      scope,
      state: 's-1',
    };
    for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
    if (challenge !== undefined) url.searchParams.set('code_challenge', challenge);
    const response = await fetch(url, { redirect: 'manual' });
    return new URL(response.headers.get('location') ?? 'about:blank');
  }

  async function token(body: Record<string, string>): Promise<Record<string, unknown>> {
    const { clientId, clientSecret, oauthTokenUrl } = bench.discord;
    const form = new URLSearchParams({ client_id: clientId, client_secret: clientSecret, ...body });
    return (await (await fetch(oauthTokenUrl, { method: 'POST', body: form })).json()) as Record<string, unknown>;
  }

  async function me(access: unknown): Promise<Record<string, unknown>> {
    const headers = { authorization: `Bearer ${String(access)}` };
    return (await (await fetch(`${bench.discord.apiUrl}/v10/users/@me`, { headers })).json()) as Record<
      string,
      unknown
    >;
  }

  it('proves id and email to whoever has the code and its secret, once', async () => {
    bench.discord.signIn(bench.ana);
    const verifier = 'v'.repeat(43);
    const back = await consent('identify email', createHash('sha256').update(verifier).digest('base64url'));
    expect(back.searchParams.get('state')).toBe('s-1');
    const code = back.searchParams.get('code') ?? '';
    const exchange = { grant_type: 'authorization_code', code, redirect_uri: redirect, code_verifier: verifier };
    const { access_token: access } = await token(exchange);
    expect(await me(access)).toMatchObject({ id: bench.ana.id, email: 'Ana@acme.com', verified: true });
    expect(await token(exchange)).toMatchObject({ error: 'invalid_grant' });
    const { clientId, clientSecret, oauthTokenUrl } = bench.discord;
    const form = new URLSearchParams({ client_id: clientId, client_secret: clientSecret, token: String(access) });
    await fetch(`${oauthTokenUrl}/revoke`, { method: 'POST', body: form });
    expect(await me(access)).toMatchObject({ message: '401: Unauthorized' });
  });

  it('keeps the email without its scope, and goes back empty when declined', async () => {
    const declined = await consent('identify email');
    expect(declined.searchParams.get('error')).toBe('access_denied');
    bench.discord.signIn(bench.ana);
    const code = (await consent('identify')).searchParams.get('code') ?? '';
    const { access_token: access } = await token({ grant_type: 'authorization_code', code, redirect_uri: redirect });
    expect(await me(access)).not.toHaveProperty('email');
  });
});

describe('the control page', () => {
  it('shows the channels and lets somebody say something', async () => {
    const origin = bench.discord.apiUrl.replace(/\/api$/, '');
    const order = { email: 'ana@acme.com', channel: channel.name, text: '<b>hi' };
    const said = await fetch(`${origin}/control/say`, { method: 'POST', body: JSON.stringify(order) });
    expect(await said.json()).toMatchObject({ ok: true });
    expect(await (await fetch(`${origin}/control`)).text()).toContain('&lt;b&gt;hi');
    expect(await (await fetch(`${origin}/control/state`)).json()).toMatchObject({ unknown: [] });
  });
});
