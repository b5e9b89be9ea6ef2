// Mails through nodemailer to a real server on loopback: what is sent, and what each failure means.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMailer, MailError, senderOf, type Mail } from '../../../src/runtime/mail.ts';
import { HANG_UP, MailServer } from '../../support/smtp.ts';

let server: MailServer;
const mail: Mail = { to: 'ben@x.com', subject: 'Grüße', text: 'Hallo Bén,\n.\nein Punkt.' };

beforeEach(async () => {
  server = new MailServer();
  await server.start();
});
afterEach(() => server.stop());

const send = (to = mail.to, url = server.url): Promise<void> =>
  createMailer({ url, from: 'switchboard@acme.test' }).send({ ...mail, to });

async function failure(doing: Promise<void>): Promise<MailError> {
  const error: unknown = await doing.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(MailError);
  return error as MailError;
}

test('hands over one mail, its words whole', async () => {
  await send();
  expect(server.mails).toMatchObject([{ from: 'switchboard@acme.test', to: ['ben@x.com'] }]);
  expect(server.mails[0]?.text).toContain('Hallo Bén,');
  expect(server.mails[0]?.raw).toMatch(/^Subject: =\?UTF-8\?/m);
});

test('an address names one person, whatever is in it', async () => {
  for (const to of ['ben@x.com, eve@y.com', 'ben@x.com>\r\nRCPT TO:<eve@y.com', 'ben@x.com\r\nBcc: eve@y.com'])
    await send(to).catch(() => undefined);
  expect(server.heard.length).toBeGreaterThan(0);
  expect(server.heard.filter((line) => line.startsWith('RCPT') && line.includes('<eve@y.com>'))).toEqual([]);
  expect(server.mailsTo('eve@y.com')).toEqual([]);
  expect(server.mails.map(({ raw }) => raw).join()).not.toMatch(/^bcc:/im);
});

test.for([
  { when: 'the address is refused', script: 'RCPT', says: '550 no such user', retry: 'never', certain: true },
  { when: 'the sender is refused', script: 'MAIL', says: '553 not from you', retry: 'never', certain: true },
  { when: 'the server is busy', script: 'RCPT', says: '451 later', retry: 'later', certain: true },
  { when: 'the mail is refused', script: '.', says: '554 spam', retry: 'never', certain: true },
  { when: 'the mail is put off', script: '.', says: '452 full', retry: 'later', certain: true },
  { when: 'the line breaks before the answer', script: '.', says: HANG_UP, retry: 'later', certain: false },
] as const)('when $when, it says so', async ({ script, says, retry, certain }) => {
  server.script = (line) => (line.startsWith(script) ? says : undefined);
  expect(await failure(send())).toMatchObject({ retry, certain });
  expect(server.mails).toEqual([]);
});

test('when the password is wrong, a person must mend it, and it stands nowhere', async () => {
  server.script = (line) => (line.startsWith('AUTH') ? '535 no' : undefined);
  const error = await failure(send(mail.to, server.url.replace('://', '://ana:hunter2@')));
  expect(error).toMatchObject({ retry: 'never', certain: true, sentence: expect.stringContaining('SMTP_URL') });
  expect(`${error.message} ${error.sentence} ${error.stack}`).not.toContain('hunter2');
});

test('when nobody listens, it is tried again later', async () => {
  const { url } = server;
  await server.stop();
  expect(await failure(send(mail.to, url))).toMatchObject({ retry: 'later', certain: true });
  await server.start();
});

test('the sender is what SMTP_URL says, else its user, else this host', () => {
  expect(senderOf('smtp://a%40b.c:x@mail/?from=team%40acme.com', 'https://wa.acme.com')).toBe('team@acme.com');
  expect(senderOf('smtp://a%40b.c:x@mail', 'https://wa.acme.com')).toBe('a@b.c');
  expect(senderOf('smtp://ana:x@mail', 'https://wa.acme.com:8443')).toBe('switchboard@wa.acme.com');
});
