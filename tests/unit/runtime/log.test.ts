// What log lines look like, and what never stands in them.
import { describe, expect, test } from 'vitest';
import { createLog } from '../../../src/runtime/log.ts';
import type { Log, LogLevel } from '../../../src/runtime/log.ts';
import { redact, scrub } from '../../../src/runtime/redact.ts';

function logTo(level: LogLevel = 'trace'): { log: Log; lines: Record<string, unknown>[]; text(): string } {
  const lines: Record<string, unknown>[] = [];
  const log = createLog({
    level,
    destination: { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  return { log, lines, text: () => JSON.stringify(lines) };
}

describe('a line', () => {
  test('holds level, time, fields and sentence', () => {
    const { log, lines } = logTo();
    log.child({ account: 'a1' }).warn({ chat: 'c1', count: 2 }, 'the chat waits');
    expect(lines).toEqual([
      {
        level: 'warn',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        pid: process.pid,
        account: 'a1',
        chat: 'c1',
        count: 2,
        msg: 'the chat waits',
      },
    ]);
  });

  test('may be a sentence only, or an error only', () => {
    const { log, lines } = logTo();
    log.info('ready');
    log.error(new TypeError('wrong'));
    expect(lines[0]).toMatchObject({ msg: 'ready' });
    expect(lines[1]).toMatchObject({
      level: 'error',
      err: { type: 'TypeError', message: 'wrong', stack: expect.stringContaining('log.test.ts') },
    });
  });

  test('is not written below the level, which can be changed', () => {
    const { log, lines } = logTo('warn');
    log.info('no');
    log.level = 'info';
    log.info('yes');
    expect(lines.map(({ msg }) => msg)).toEqual(['yes']);
  });

  test.each([undefined, null, 7, ['a'], Symbol('s'), () => 1, 10n])(
    'survives %s where fields are expected',
    (fields) => {
      const { log, lines } = logTo();
      log.info(fields, 'odd');
      expect(lines[0]).toMatchObject({ msg: 'odd' });
    },
  );

  test('survives fields that hold themselves', () => {
    const { log, lines } = logTo();
    const loop: Record<string, unknown> = { id: 1 };
    loop['self'] = loop;
    log.info({ loop }, 'round');
    expect(lines[0]).toMatchObject({ loop: { id: 1, self: '[more]' } });
  });
});

describe('hidden by its key, at any depth', () => {
  test.each([
    'token', 'botToken', 'SLACK_BOT_TOKEN', 'authorization', 'Authorization', 'cookie', 'set-cookie', 'password', 'clientSecret', 'creds', 'privKey',
    'text', 'messageText', 'body', 'caption', 'content', 'phone', 'phoneNumber', 'number', 'jid', 'remoteJid', 'senderLid', 'pushName', 'qr', 'pairingCode', 'email', 'parameters',
  ])('%s', (key) => {
    const { log, text } = logTo();
    log.info({ [key]: 'canary', deep: [{ deeper: { [key]: { inner: 'canary' } } }] }, 'line');
    log.child({ [key]: 'canary' }).info('line');
    expect(text()).not.toContain('canary');
  }); // prettier-ignore

  test.each(['textLength', 'chat', 'id', 'code', 'tokenizer', 'contentType', 'numberOfParts'])('but not %s', (key) => {
    expect(redact({ [key]: 'kept' })).toEqual({ [key]: 'kept' });
  });

  test('but not a yes or no', () => {
    expect(redact({ token: true, phone: undefined })).toEqual({ token: true, phone: undefined });
  });
});

describe('scrubbed out of any string', () => {
  test.each([
    ['a Slack token', 'sent xoxb-1234567890-abcdEFGH to', 'sent [hidden] to'],
    ['a Slack app token', 'xapp-1-A123-456-abcdef', '[hidden]'],
    ['a Discord token', `use ${'M'.repeat(24)}.Gabcde.${'x'.repeat(38)} now`, 'use [hidden] now'],
    ['a JWT', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-DEF_123', '[hidden]'],
    ['a bearer header', 'authorization: Bearer abc.def/ghi==', 'authorization: Bearer [hidden]'],
    ['a password in an address', 'postgres://u:pa%20ss@db:5432/x', 'postgres://[hidden]@db:5432/x'],
    ['a signed link', 'GET /login?token=abc.def&next=/', 'GET /login?token=[hidden]&next=/'],
    ['a Discord webhook', 'POST /api/webhooks/123/aB-c_d?wait=true', 'POST /api/webhooks/123/[hidden]?wait=true'],
    ['a WhatsApp address', 'from 4915112345678:12@s.whatsapp.net and 120363-1@g.us', 'from [hidden] and [hidden]'],
    ['a phone number', 'called +49 151 1234-5678, twice', 'called [hidden], twice'],
  ])('%s', (_what, text, expected) => {
    expect(scrub(text)).toBe(expected);
    const { log, lines } = logTo();
    log.info({ reason: text }, text);
    expect(lines[0]).toMatchObject({ reason: expected, msg: expected });
  });

  test.each([
    'delivery 0198f2c0-7e1a-7000-8000-1234567890ab',
    '2026-03-01T12:00:00.000Z',
    'C0123456789',
    '1709294400.123456',
  ])('but not %s', (text) => {
    expect(scrub(text)).toBe(text);
  });

  test('in little time, whatever the string', () => {
    const nasty = [
      '1'.repeat(50_000),
      '1-'.repeat(25_000),
      'a'.repeat(50_000),
      'a://'.repeat(12_000),
      '+1 '.repeat(16_000),
      `${'x'.repeat(25)}.`.repeat(2_000),
      '?token='.repeat(7_000),
    ];
    const startedAt = performance.now();
    for (const text of nasty) scrub(text);
    expect(performance.now() - startedAt).toBeLessThan(500);
  });
});

describe('an error', () => {
  test('leaves out the fields that SDKs hang on it, and keeps code, cause and place', () => {
    const cause = Object.assign(new Error('no route to +4915112345678'), { request: { canary: 1 } });
    const error = Object.assign(new Error('failed', { cause }), {
      code: 'ECONNRESET',
      data: { canary: 1 },
      requestBody: 'canary',
    });
    const clean = redact({ err: error });
    expect(clean).toMatchObject({
      err: { type: 'Error', message: 'failed', code: 'ECONNRESET', cause: { message: 'no route to [hidden]' } },
    });
    expect(JSON.stringify(clean)).not.toContain('canary');
  });

  test('from the database leaves out the statement that the ORM puts before it', () => {
    const error = Object.assign(new Error(`insert into "message" ("text") values ('canary - dash') - duplicate key value violates "message_pkey"`), {
      code: '23505', severity: 'ERROR', routine: '_bt_check_unique', detail: 'Key (text)=(canary)',
    }); // prettier-ignore
    error.stack = `${error.name}: ${error.message}\n    at somewhere (file.ts:1:1)`;
    const clean = redact({ err: error });
    expect(clean).toMatchObject({
      err: {
        code: '23505',
        message: 'duplicate key value violates "message_pkey"',
        stack: 'at somewhere (file.ts:1:1)',
      },
    });
    expect(JSON.stringify(clean)).not.toContain('canary');
  });

  test('bytes are counted, not written', () => {
    expect(redact({ record: { chain: Buffer.from('canary'), view: new Uint8Array(3) } })).toEqual({
      record: { chain: '[6 bytes]', view: '[3 bytes]' },
    });
  });
});
