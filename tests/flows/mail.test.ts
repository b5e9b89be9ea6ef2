// Invitations by mail: stored before they are sent, so that neither a crash nor a mail server that's down loses one.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Person } from '../../simulators/slack/index.ts';
import { MailServer } from '../support/smtp.ts';
import { Browser } from './browser.ts';
import { PATIENCE_MS } from './look.ts';
import { Town } from './town.ts';

const PUBLIC_URL = 'https://switchboard.test';
let town: Town;
let mails: MailServer;
let ana: Person;

const invite = async (emails: string) => {
  const { body } = await town.api('POST', '/api/v1/agents/invitations', { emails, role: 'member' });
  return body['invited'] as { email: string; agentId: string; mailed: boolean; link: string | null }[];
};
const mailTo = (address: string) =>
  town.until(() => mails.mailsTo(address).at(-1), `a mail to ${address}`, PATIENCE_MS);
const linkIn = (text: string): string => /https:\/\/switchboard\.test\/invitation\/\S{43}/.exec(text)?.[0] ?? '';

beforeAll(async () => {
  mails = new MailServer();
  await mails.start();
  town = await Town.build({ env: { PUBLIC_URL, SMTP_URL: `${mails.url}/?from=inbox%40acme.test` } });
  ana = town.person('Ana', 'ana@acme.test');
  await town.start();
}, 120_000);

afterAll(async () => {
  await town.close();
  await mails.stop();
});

test('an invitation is mailed, and its link joins the person', async () => {
  expect(await invite('eve@far.test')).toMatchObject([{ mailed: true, link: null }]);
  const mail = await mailTo('eve@far.test');
  expect(mail).toMatchObject({ from: 'inbox@acme.test', to: ['eve@far.test'] });
  const browser = new Browser(new Map([[PUBLIC_URL, () => town.url]]));
  const page = await browser.go(linkIn(mail.text), { method: 'POST' });
  expect(page).toMatchObject({ status: 200, text: expect.stringContaining('eve@far.test is in the team now') });
  const sql = await town.sql();
  const { rows } = await sql.query(
    'select task::text, remembered from delivery union all select invitation::text, null from invitation',
  );
  await sql.end();
  expect(JSON.stringify(rows)).not.toContain(linkIn(mail.text).split('/').at(-1));
  expect(town.program.lines.join('\n')).not.toContain(linkIn(mail.text).split('/').at(-1));
});

test('a kill between the invitation and its mail loses nothing', async () => {
  await mails.stop();
  expect(await invite('fay@far.test, gus@far.test')).toHaveLength(2);
  await town.kill();
  await mails.start();
  await town.start();
  expect(linkIn((await mailTo('fay@far.test')).text)).not.toBe('');
  await mailTo('gus@far.test');
  await town.quiet();
  expect([mails.mailsTo('fay@far.test').length, mails.mailsTo('gus@far.test').length]).toEqual([1, 1]);
}, 90_000);

test('an address that the server refuses holds up nobody; the admins hear of it, and it can be tried again', async () => {
  mails.script = (line) => (/^RCPT.*hal@/.test(line) ? '550 no such user' : undefined);
  await invite('hal@far.test, ida@far.test');
  await mailTo('ida@far.test');
  const heard = () => ana.directMessages().some((message) => JSON.stringify(message).includes('hal@far.test'));
  await town.until(heard, 'the admin to hear of it', 20_000);
  const { body } = await town.api('GET', '/api/v1/deliveries?state=failed');
  expect(body['items']).toMatchObject([{ kind: 'invite', to: 'mail', reason: 'The mail server refused it (550).' }]);
  mails.script = () => undefined;
  const [{ id }] = body['items'] as [{ id: string }];
  expect((await town.api('POST', `/api/v1/deliveries/${id}/retry`)).status).toBe(200);
  await mailTo('hal@far.test');
}, 90_000);
