// /wa link: somebody in the simulated Discord proves by a sign-in who they are, once, and only for themselves.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDiscord, type DiscordSimulator, type Person } from '../../simulators/discord/index.ts';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import { keepShapes, shapes } from '../support/discord-shape-check.ts';
import { Browser } from './browser.ts';
import { PATIENCE_MS } from './look.ts';
import { Town } from './town.ts';

keepShapes();

const PUBLIC_URL = 'https://switchboard.test';
const BACK = `${PUBLIC_URL}/sign-in/back`;
let town: Town;
let discord: DiscordSimulator;
let office: Phone;
let mia: Phone;
/** Words that must stand nowhere in the log. */
const secrets: string[] = [];

const newBrowser = () => new Browser(new Map([[PUBLIC_URL, () => town.url]]));

/** Gives a command in Discord and waits for its answer. */
async function ask(person: Person, typed: string): Promise<string> {
  const lobby = discord.channels().find(({ name }) => name === 'lobby')!;
  const { interaction } = await person.slashCommand(lobby, typed);
  const text = () => interaction.original?.content ?? '';
  await town.until(() => text() !== '', `an answer to ${typed}`, PATIENCE_MS);
  expect(interaction.original?.onlyFor).toBe(person.id);
  return text();
}

/** The link that `/wa link` gives somebody. */
async function linkFor(person: Person): Promise<string> {
  const link = /https:\/\/switchboard\.test\/sign-in\/[\w.-]+/.exec(await ask(person, '/wa link'))?.[0];
  expect(link).toBeDefined();
  secrets.push(link!.split('/').at(-1)!);
  return link!;
}

/** Opens a link in a fresh browser in which this person is signed in to Discord. */
async function open(link: string, as: Person | undefined, browser = newBrowser()) {
  discord.signIn(as);
  const page = await browser.go(link);
  for (const secret of browser.cookies.values()) secrets.push(secret);
  return page;
}

const person = (name: string, email: string, more: { verified?: boolean } = {}): Person =>
  discord.addPerson({ name, email, ...more });

async function invite(emails: string): Promise<void> {
  const { status } = await town.api('POST', '/api/v1/agents/invitations', { emails, role: 'member' });
  expect(status).toBe(201);
}

async function identities(email: string): Promise<unknown> {
  const { body } = await town.api('GET', '/api/v1/agents?limit=200');
  return (body['items'] as { email: string; identities: object[] }[]).find((agent) => agent.email === email)
    ?.identities;
}

beforeAll(async () => {
  discord = await startDiscord({ redirectUris: [BACK] });
  town = await Town.build({
    env: {
      PUBLIC_URL,
      DISCORD_BOT_TOKEN: discord.botToken,
      DISCORD_GUILD_ID: discord.guildId,
      DISCORD_API_URL: discord.apiUrl,
      DISCORD_CLIENT_ID: discord.clientId,
      DISCORD_CLIENT_SECRET: discord.clientSecret,
      DISCORD_OAUTH_AUTHORIZE_URL: discord.oauthAuthorizeUrl,
      DISCORD_OAUTH_TOKEN_URL: discord.oauthTokenUrl,
    },
  });
  office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
  mia = town.whatsapp.createPhone({ number: '4915110000002', name: 'Mia' });
  await discord.owner.createChannel('lobby');
  await town.start();
  await town.until(() => discord.guild.commands.size > 0, 'the commands in Discord', PATIENCE_MS);
  await town.link(office);
}, 120_000);

afterAll(async () => {
  await town.close();
  await discord.stop();
  shapes.add(discord);
});

test('an invited person proves their email and is let into the channels', async () => {
  await invite('cleo@acme.test');
  await town.api('POST', '/api/v1/labels', { name: 'VIP' });
  await mia.sendText(office, 'Hello');
  const chat = await town.until(async () => {
    const { body } = await town.api('GET', '/api/v1/chats');
    return (body['items'] as { id: string }[])[0];
  }, 'the chat');
  await town.api('POST', '/api/v1/chats/access', { chatIds: [chat.id], agents: ['cleo@acme.test'], action: 'add' });
  const cleo = person('Cleo', 'Cleo@Acme.test');
  expect(await ask(cleo, '/wa chats')).toContain('/wa link proves it');
  const browser = newBrowser();
  const page = await open(await linkFor(cleo), cleo, browser);
  expect(page).toMatchObject({ status: 200, text: expect.stringContaining('You are cleo@acme.test now') });
  expect(new URL(page.visited[1]!).searchParams.get('code_challenge_method')).toBe('S256');
  expect(new URL(page.visited[1]!).searchParams.get('scope')).toBe('identify email');
  expect(browser.setCookies[0]).toMatch(
    /^__Host-sign-in=[\w-]{43}; Max-Age=600; Path=\/;.* HttpOnly; Secure; SameSite=Lax/,
  );
  expect(browser.cookies.size).toBe(0);
  expect(discord.oauth.openGrantCount).toBe(0);
  expect(await identities('cleo@acme.test')).toMatchObject([{ userId: cleo.id, how: 'claim' }]);
  await town.until(
    () =>
      discord
        .channels()
        .some((channel) => channel.name.startsWith('wa-mia') && discord.readers(channel).includes(cleo.id)),
    'Cleo in the channel',
    PATIENCE_MS,
  );
  expect(await ask(cleo, '/wa link')).toContain('You are cleo@acme.test here, a member');
}, 90_000);

describe('a link', () => {
  test('is good once, and opening it doesn’t use it up', async () => {
    await invite('dan@acme.test');
    const dan = person('Dan', 'dan@acme.test');
    const link = await linkFor(dan);
    // A program that looks into links before people do.
    await newBrowser().go(link, { stopAt: discord.oauthAuthorizeUrl });
    expect(await open(link, dan)).toMatchObject({ status: 200 });
    expect(await open(link, dan)).toMatchObject({ status: 410, text: expect.stringContaining('was used already') });
  });

  test('ends when a newer one is made, after ten minutes, and can’t be made up', async () => {
    const eve = person('Eve', 'eve@acme.test');
    const old = await linkFor(eve);
    const link = await linkFor(eve);
    expect(await open(old, eve)).toMatchObject({ status: 410, text: expect.stringContaining('a newer one was made') });
    const sql = await town.sql();
    await sql.query(`update sign_in_link set expires_at = now() - interval '1 second' where user_id = $1`, [eve.id]);
    expect(await open(link, eve)).toMatchObject({ status: 410, text: expect.stringContaining('has expired') });
    const { rows } = await sql.query('select token_hash from sign_in_link');
    expect(JSON.stringify(rows)).not.toContain(link.split('/').at(-1));
    await sql.end();
    const [payload = '', expiry = ''] = link.split('/').at(-1)!.split('.');
    for (const token of ['x', `${payload}.${expiry}.x`, 'a'.repeat(5_000)])
      expect(await open(`${PUBLIC_URL}/sign-in/${token}`, eve)).toMatchObject({ status: 410 });
  });
});

describe('somebody is refused', () => {
  const refusedWith = (text: string) => ({ status: 403, text: expect.stringContaining(text) });

  test('who signs in with another account than the one that asked', async () => {
    await invite('fay@acme.test');
    const fay = person('Fay', 'fay@acme.test');
    const thief = person('Thief', 'thief@elsewhere.test');
    const link = await linkFor(thief);
    // The victim opens the thief's link: nothing of the victim's goes to the thief.
    expect(await open(link, fay)).toMatchObject(refusedWith('another account'));
    expect(await identities('fay@acme.test')).toEqual([]);
    expect(discord.oauth.openGrantCount).toBe(0);
  });

  test('whose email isn’t verified, wasn’t invited, or was deactivated', async () => {
    await invite('gus@acme.test, hal@acme.test');
    const gus = person('Gus', 'gus@acme.test', { verified: false });
    const link = await linkFor(gus);
    expect(await open(link, gus)).toMatchObject(refusedWith('isn’t verified'));
    discord.change(gus, { verified: true });
    expect(await open(link, gus)).toMatchObject({ status: 200 });

    const ida = person('Ida', 'ida@elsewhere.test');
    expect(await open(await linkFor(ida), ida)).toMatchObject(refusedWith('Nobody invited ida@elsewhere.test yet'));

    const hal = person('Hal', 'hal@acme.test');
    const { body } = await town.api('GET', '/api/v1/agents?limit=200');
    const { id } = (body['items'] as { id: string; email: string }[]).find(({ email }) => email === 'hal@acme.test')!;
    expect((await town.api('PATCH', `/api/v1/agents/${id}`, { active: false })).status).toBe(200);
    expect(await open(await linkFor(hal), hal)).toMatchObject(refusedWith('The access of hal@acme.test was ended'));
    expect(await identities('hal@acme.test')).toEqual([]);
    const audit = await town.api('GET', '/api/v1/audit?action=identity.refused');
    expect((audit.body['items'] as { detail: { why: string } }[]).map(({ detail }) => detail.why).toSorted()).toEqual([
      'another account', 'deactivated', 'not invited', 'not verified',
    ]); // prettier-ignore
  });

  test('who doesn’t agree, comes back in another browser, or brings a state that isn’t ours', async () => {
    await invite('jim@acme.test');
    const jim = person('Jim', 'jim@acme.test');
    const link = await linkFor(jim);
    expect(await open(link, undefined)).toMatchObject(refusedWith('nothing was linked'));

    // Login CSRF: somebody else's way back, opened in a browser that began nothing, or began another sign-in.
    discord.signIn(jim);
    const back = await newBrowser().go(link, { stopAt: BACK });
    expect(back.url).toContain('code=');
    expect(await newBrowser().go(back.url)).toMatchObject(refusedWith('wasn’t begun in this browser'));
    const other = newBrowser();
    await other.go(link, { stopAt: BACK });
    expect(await other.go(back.url)).toMatchObject(refusedWith('wasn’t begun in this browser'));

    const browser = newBrowser();
    const forged = new URL((await browser.go(link, { stopAt: BACK })).url);
    forged.searchParams.set('state', `${forged.searchParams.get('state')}x`);
    expect(await browser.go(forged.href)).toMatchObject(refusedWith('wasn’t begun in this browser'));
    // A link of another kind is signed with the same key.
    forged.searchParams.set('state', link.split('/').at(-1)!);
    expect(await browser.go(forged.href)).toMatchObject(refusedWith('wasn’t begun in this browser'));
    expect(await identities('jim@acme.test')).toEqual([]);
    expect(await open(link, jim)).toMatchObject({ status: 200 });
  });

  test('with a code that Discord doesn’t take, or when it doesn’t answer', async () => {
    await invite('kim@acme.test');
    const kim = person('Kim', 'kim@acme.test');
    const link = await linkFor(kim);
    discord.signIn(kim);
    const browser = newBrowser();
    const back = new URL((await browser.go(link, { stopAt: BACK })).url);
    back.searchParams.set('code', 'made-up');
    expect(await browser.go(back.href)).toMatchObject({
      status: 409,
      text: expect.stringContaining('Discord did not take this sign-in any more'),
    });
    discord.faults.call('get_my_user', { kind: 'status', status: 500 });
    expect((await open(link, kim)).status).toBe(503);
    expect(await open(link, kim)).toMatchObject({ status: 200 });
  });
});

test('an invitation’s link is a page with a button; only the button claims it', async () => {
  const { body } = await town.api('POST', '/api/v1/agents/invitations', { emails: 'lea@far.test', role: 'member' });
  const { link } = (body['invited'] as { link: string }[])[0]!;
  secrets.push(link.split('/').at(-1)!);
  const browser = newBrowser();
  expect(await browser.go(link)).toMatchObject({ status: 200, text: expect.stringContaining('<button>Join</button>') });
  const claimed = await browser.go(link, { method: 'POST' });
  expect(claimed).toMatchObject({ status: 200, text: expect.stringContaining('lea@far.test is in the team now') });
  expect(await browser.go(link, { method: 'POST' })).toMatchObject({ status: 410 });
});

test('nothing secret was logged, and Discord was asked nothing unknown', async () => {
  const log = town.program.lines.join('\n');
  expect(secrets.length).toBeGreaterThan(8);
  for (const secret of [...secrets, discord.clientSecret]) expect(log).not.toContain(secret);
  expect(discord.unknown).toEqual([]);
});

test('without a client of Discord’s, /wa link says who else can help', async () => {
  await town.stop();
  const { DISCORD_CLIENT_SECRET: _secret, ...rest } = town.settings;
  for (const name of Object.keys(town.settings)) delete town.settings[name];
  Object.assign(town.settings, rest);
  await town.start();
  const mo = person('Mo', 'mo@acme.test');
  const answer = await ask(mo, '/wa link');
  expect(answer).toContain('an admin can link you, with /wa team');
  expect(answer).not.toContain('http');
  const ana = town.person('Ana', 'ana@acme.test');
  const lobby = await ana.create('lobby');
  const result = await ana.slashCommand(lobby, '/wa', 'link');
  await town.until(() => result.answers.length > 0, 'an answer in Slack', PATIENCE_MS);
  expect(JSON.stringify(result.answers)).toContain('You are ana@acme.test here, an admin');
}, 90_000);
