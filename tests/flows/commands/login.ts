// /wa login: a link that signs one person in to the admin web, once, with no more than their own rights, for as long as they are of the team.
import { expect, test } from 'vitest';
import { Browser } from '../browser.ts';
import { PATIENCE_MS } from '../desk.ts';
import type { Asker } from './doors.ts';
import type { Stage } from './stage.ts';

/** Where the program says that it is reached. */
const PUBLIC_URL = 'http://localhost:0';
const SIGNED_IN = (email: string) => expect.stringContaining(`You are signed in as ${email}`);

export function loginTests(stage: Stage): void {
  /** Words that must stand nowhere in the log or the database. */
  const secrets: string[] = [];

  const newBrowser = () => new Browser(new Map([[PUBLIC_URL, () => stage.town.url]]));

  async function linkFor(asker: Asker): Promise<string> {
    const { text } = await asker.give(stage.lobby, 'login');
    const link = /http:\/\/localhost:0\/login\/[\w.-]+/.exec(text)?.[0];
    if (link === undefined) throw new Error(`no link in “${text}”`);
    secrets.push(link.split('/').at(-1)!);
    return link;
  }

  const refused = (words: string) => ({ status: 410, text: expect.stringContaining(words) });

  /** Opens the link as a person does, and presses the button. */
  async function signIn(asker: Asker): Promise<Browser> {
    const browser = newBrowser();
    const link = await linkFor(asker);
    await browser.go(link);
    expect(await browser.go(link, { method: 'POST' })).toMatchObject({
      status: 200,
      url: `${PUBLIC_URL}/`,
      text: SIGNED_IN(asker.person.email),
    });
    for (const value of browser.cookies.values()) secrets.push(value);
    return browser;
  }

  const me = (browser: Browser) => browser.ask(`${PUBLIC_URL}/api/v1/me`);
  const namesOf = async (browser: Browser): Promise<unknown[]> => {
    const { body } = await browser.ask(`${PUBLIC_URL}/api/v1/chats?limit=200`);
    return (body['items'] as { name: string }[]).map(({ name }) => name);
  };
  const agentId = async (email: string): Promise<string> => {
    const { body } = await stage.town.api('GET', '/api/v1/agents?limit=200');
    return (body['items'] as { id: string; email: string }[]).find((agent) => agent.email === email)!.id;
  };
  const change = async (email: string, wanted: object) =>
    expect((await stage.town.api('PATCH', `/api/v1/agents/${await agentId(email)}`, wanted)).status).toBe(200);

  test('the link is good once; opening it uses nothing up', async () => {
    const link = await linkFor(stage.ana);
    // What looks into links before people do: a preview, twice.
    for (const preview of [newBrowser(), newBrowser()]) {
      const page = await preview.go(link);
      expect(page).toMatchObject({
        status: 200,
        text: expect.stringContaining('signs you in as ana@acme.test'),
        url: link,
      });
      expect(page.text).toContain('<button>Sign in</button>');
      expect(preview.setCookies).toEqual([]);
    }
    // Another page's form can't use it up either, nor sign somebody in as somebody else.
    const foreign = await newBrowser().go(link, { method: 'POST', origin: 'https://evil.example' });
    expect(foreign.status).toBe(403);

    const browser = newBrowser();
    await browser.go(link);
    expect(await browser.go(link, { method: 'POST' })).toMatchObject({ status: 200, text: SIGNED_IN('ana@acme.test') });
    const [cookie = ''] = browser.setCookies;
    expect(cookie).toMatch(/^session=[\w-]{43}; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/);
    expect(new Date(/Expires=([^;]+)/.exec(cookie)![1]!).getTime() - Date.now()).toBeLessThan(7.01 * 24 * 60 * 60_000);
    for (const value of browser.cookies.values()) secrets.push(value);
    expect((await me(browser)).body).toMatchObject({ email: 'ana@acme.test', role: 'admin' });
    expect((await browser.ask(`${PUBLIC_URL}/api/v1/agents`)).status).toBe(200);

    const second = newBrowser();
    expect(await second.go(link)).toMatchObject(refused('was used already'));
    expect(await second.go(link, { method: 'POST' })).toMatchObject(refused('was used already'));
    expect(second.setCookies).toEqual([]);
    expect((await me(second)).status).toBe(401);
  });

  test('two who press the button at once: one is let in', async () => {
    const link = await linkFor(stage.ana);
    const pages = await Promise.all([1, 2, 3].map(() => newBrowser().go(link, { method: 'POST' })));
    expect(pages.filter(({ url }) => url === `${PUBLIC_URL}/`)).toHaveLength(1);
    expect(pages.filter(({ status }) => status === 410)).toHaveLength(2);
  });

  test('the link ends when a newer one is made, and by itself; none can be made up', async () => {
    const old = await linkFor(stage.cleo);
    const link = await linkFor(stage.cleo);
    expect(await newBrowser().go(old, { method: 'POST' })).toMatchObject(refused('a newer one was made'));
    const sql = await stage.town.sql();
    await sql.query(`update login_link set expires_at = now() - interval '1 second' where used_at is null`);
    await sql.end();
    expect(await newBrowser().go(link)).toMatchObject(refused('has expired'));
    expect(await newBrowser().go(link, { method: 'POST' })).toMatchObject(refused('has expired'));
    const [payload = '', expiry = ''] = link.split('/').at(-1)!.split('.');
    for (const token of ['x', `${payload}.${expiry}.x`, 'a'.repeat(5_000)])
      expect(await newBrowser().go(`${PUBLIC_URL}/login/${token}`, { method: 'POST' })).toMatchObject({ status: 410 });
  });

  test('a member sees and answers only their chats, from our own pages only', async () => {
    const { mia } = stage;
    const browser = await signIn(stage.cleo);
    expect((await me(browser)).body).toMatchObject({ email: 'cleo@acme.test', role: 'member' });
    expect(await namesOf(browser)).toEqual(expect.arrayContaining(['Mia Müller']));
    expect(await namesOf(browser)).not.toContain('Leo');
    const all = await stage.town.api('GET', '/api/v1/chats?limit=200');
    const idOf = (name: string) =>
      (all.body['items'] as { id: string; name: string }[]).find((chat) => chat.name === name)!.id;
    for (const route of ['', '/messages'])
      expect((await browser.ask(`${PUBLIC_URL}/api/v1/chats/${idOf('Leo')}${route}`)).status).toBe(404);
    for (const route of ['agents', 'accounts', 'workspaces', 'settings', 'audit', 'deliveries', 'labels'])
      expect([route, (await browser.ask(`${PUBLIC_URL}/api/v1/${route}`)).status]).toEqual([route, 403]);
    const reply = { method: 'POST', body: { text: 'From the web' } };
    const address = `${PUBLIC_URL}/api/v1/chats/${idOf('Mia Müller')}/messages`;
    for (const origin of [null, 'null', 'https://evil.example'])
      expect([origin, (await browser.ask(address, { ...reply, origin })).status]).toEqual([origin, 403]);
    expect((await browser.ask(address, reply)).status).toBe(201);
    await mia.received((message) => message.text === 'From the web', PATIENCE_MS);
    await stage.town.quiet();
    expect(mia.inbox.filter(({ text }) => text === 'From the web')).toHaveLength(1);

    // Dan sees none.
    expect(await namesOf(await signIn(stage.dan))).toEqual([]);
  });

  test('signing out ends it, for that browser', async () => {
    const [first, second] = [await signIn(stage.cleo), await signIn(stage.cleo)];
    const kept = new Map(first.cookies);
    await first.go(`${PUBLIC_URL}/`);
    expect(await first.go(`${PUBLIC_URL}/sign-out`, { method: 'POST' })).toMatchObject({
      status: 200,
      text: expect.stringContaining('You are signed out'),
    });
    expect(first.cookies.size).toBe(0);
    for (const [name, value] of kept) first.cookies.set(name, value);
    expect((await me(first)).status).toBe(401);
    expect((await first.go(`${PUBLIC_URL}/`)).status).toBe(401);
    expect((await me(second)).status).toBe(200);
  });

  test('another role counts at once; whoever is deactivated is out at once, for good, with their links', async () => {
    const { town, door } = stage;
    const email = 'eve@acme.test';
    await town.api('POST', '/api/v1/agents/invitations', { emails: email, role: 'member' });
    const eve = door.asker(town.desk.addPerson('Eve', email));
    await town.introduce();
    const browser = await signIn(eve);
    const agents = async () => (await browser.ask(`${PUBLIC_URL}/api/v1/agents`)).status;
    expect(await agents()).toBe(403);
    await change(email, { role: 'admin' });
    expect(await agents()).toBe(200);
    expect(await namesOf(browser)).toContain('Leo');
    await change(email, { role: 'member' });
    expect(await agents()).toBe(403);
    expect(await namesOf(browser)).toEqual([]);

    const unused = await linkFor(eve);
    await change(email, { active: false });
    expect((await me(browser)).status).toBe(401);
    expect((await browser.go(`${PUBLIC_URL}/`)).status).toBe(401);
    expect(await newBrowser().go(unused, { method: 'POST' })).toMatchObject({ status: 410 });
    expect((await eve.give(stage.lobby, 'login')).text).not.toContain('http');
    await change(email, { active: true });
    expect((await me(browser)).status).toBe(401);
    expect(await newBrowser().go(unused, { method: 'POST' })).toMatchObject({ status: 410 });
    await change(email, { active: false });
  });

  test('all of it is in the audit log, and nothing secret in the program’s log or its tables', async () => {
    const audit = await stage.town.api('GET', '/api/v1/audit?limit=200');
    const rows = audit.body['items'] as { action: string; source: string; actor: { email?: string } }[];
    const did = rows.map(({ action, actor, source }) => `${actor.email ?? '?'} ${action} by ${source}`);
    expect(did).toEqual(expect.arrayContaining([
      'eve@acme.test login.opened by web', 'cleo@acme.test login.ended by web', '? login.refused by web',
    ])); // prettier-ignore
    const sql = await stage.town.sql();
    const { rows: stored } = await sql.query(
      'select to_jsonb(a) from login_link a union all select to_jsonb(b) from login b',
    );
    await sql.end();
    const seen = [stage.town.program.lines.join('\n'), JSON.stringify(stored), JSON.stringify(audit.body)].join('\n');
    expect(secrets.length).toBeGreaterThan(10);
    for (const secret of secrets) expect(seen).not.toContain(secret);
  });
}
