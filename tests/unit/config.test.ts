// The settings: every row of the table, and every fault at once.
import path from 'node:path';
import { expect, test } from 'vitest';
import { ConfigError, readConfig } from '../../src/config.ts';

type Env = Readonly<Record<string, string>>;

const KEY = Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString('base64');

/** The faults as `SETTING sentence`. */
function faultsOf(env: Env): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map(({ setting, sentence }) => `${setting} ${sentence}`);
  }
}

test('an empty environment gives the defaults, frozen', () => {
  const config = readConfig({});
  expect(config).toMatchObject({
    database: undefined,
    dataDir: path.resolve('data'),
    port: 3000,
    host: '127.0.0.1',
    publicUrl: 'http://localhost:3000',
    adminEmails: [],
    adminApiToken: undefined,
    slack: { bot: undefined, signIn: undefined, apiUrl: undefined },
    discord: { bot: undefined, channelBudget: 400, signIn: undefined },
    whatsapp: { websocketUrl: undefined, noiseRoot: undefined },
    logLevel: 'info',
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  });
  expect(Object.isFrozen(config) && Object.isFrozen(config.slack) && Object.isFrozen(config.adminEmails)).toBe(true);
});

test('every setting arrives where it belongs', () => {
  const config = readConfig({
    DATABASE_URL: 'postgres://sw:s3cret@db:5433/inbox',
    DATA_DIR: '/var/lib/switchboard',
    PORT: '8080',
    HOST: '0.0.0.0',
    PUBLIC_URL: 'https://inbox.acme.com/',
    ENCRYPTION_KEY: KEY,
    ENCRYPTION_KEY_PREVIOUS: KEY.replace(/=+$/, ''),
    ADMIN_EMAILS: ' Ana@acme.com, bo@acme.com ,ana@acme.com,',
    ADMIN_API_TOKEN: 'a-token-of-20-letter',
    SLACK_BOT_TOKEN: 'xoxb-1-2-three',
    SLACK_APP_TOKEN: 'xapp-1-A-2',
    SLACK_SIGNING_SECRET: 'signing',
    SLACK_CLIENT_ID: '1.2',
    SLACK_CLIENT_SECRET: 'slack-secret',
    SLACK_API_URL: 'http://127.0.0.1:9000/api/',
    DISCORD_BOT_TOKEN: 'abc.def.ghi',
    DISCORD_GUILD_ID: '1234567890123456789',
    DISCORD_CLIENT_ID: '42',
    DISCORD_CHANNEL_BUDGET: '120',
    DISCORD_CLIENT_SECRET: 'discord-secret',
    DISCORD_API_URL: 'http://127.0.0.1:9001/api',
    DISCORD_OAUTH_AUTHORIZE_URL: 'http://127.0.0.1:9001/oauth2/authorize',
    DISCORD_OAUTH_TOKEN_URL: 'http://127.0.0.1:9001/api/oauth2/token',
    WHATSAPP_WEBSOCKET_URL: 'ws://127.0.0.1:9002/ws/chat',
    ALLOW_CUSTOM_WHATSAPP_ENDPOINT: '1',
    WHATSAPP_NOISE_ROOT: 'AB'.repeat(32),
    LOG_LEVEL: 'Debug',
    TZ: 'Europe/Lisbon',
    SMTP_URL: 'smtps://user:pass@mail.acme.com:465',
    METRICS_TOKEN: 'metrics',
  });
  expect(config).toEqual({
    database: { host: 'db', port: 5433, user: 'sw', password: 's3cret', dbName: 'inbox' },
    dataDir: '/var/lib/switchboard',
    port: 8080,
    host: '0.0.0.0',
    publicUrl: 'https://inbox.acme.com',
    encryptionKey: KEY,
    encryptionKeyPrevious: KEY.replace(/=+$/, ''),
    adminEmails: ['ana@acme.com', 'bo@acme.com'],
    adminApiToken: 'a-token-of-20-letter',
    metricsToken: 'metrics',
    slack: {
      bot: { botToken: 'xoxb-1-2-three', appToken: 'xapp-1-A-2', signingSecret: 'signing' },
      signIn: { clientId: '1.2', clientSecret: 'slack-secret' },
      apiUrl: 'http://127.0.0.1:9000/api/',
    },
    discord: {
      bot: { botToken: 'abc.def.ghi', guildId: '1234567890123456789' },
      channelBudget: 120,
      clientId: '42',
      signIn: { clientId: '42', clientSecret: 'discord-secret' },
      apiUrl: 'http://127.0.0.1:9001/api',
      oauthAuthorizeUrl: 'http://127.0.0.1:9001/oauth2/authorize',
      oauthTokenUrl: 'http://127.0.0.1:9001/api/oauth2/token',
    },
    whatsapp: { websocketUrl: 'ws://127.0.0.1:9002/ws/chat', noiseRoot: Buffer.alloc(32, 0xab) },
    logLevel: 'debug',
    timeZone: 'Europe/Lisbon',
    smtpUrl: 'smtps://user:pass@mail.acme.com:465',
  });
});

test('empty settings count as absent', () => {
  const empty = Object.fromEntries(
    ['DATABASE_URL', 'PORT', 'ENCRYPTION_KEY', 'SLACK_BOT_TOKEN', 'WHATSAPP_WEBSOCKET_URL', 'TZ'].map((setting) => [
      setting,
      '  ',
    ]),
  );
  expect(readConfig(empty)).toEqual(readConfig({}));
});

test('the default public address follows the port', () => {
  expect(readConfig({ PORT: '8080' }).publicUrl).toBe('http://localhost:8080');
});

const wrong: readonly (readonly [string, Env, readonly string[]])[] = [
  ['a port over the last one', { PORT: '65536' }, ['PORT']],
  ['more channels than a server takes', { DISCORD_CHANNEL_BUDGET: '501' }, ['DISCORD_CHANNEL_BUDGET']],
  ['a port that is no number', { PORT: '80a' }, ['PORT']],
  ['a negative port', { PORT: '-1' }, ['PORT']],
  ['a host with a scheme', { HOST: 'http://0.0.0.0' }, ['HOST']],
  ['a public address with a path', { PUBLIC_URL: 'https://acme.com/inbox' }, ['PUBLIC_URL']],
  ['a public address of another scheme', { PUBLIC_URL: 'ftp://acme.com' }, ['PUBLIC_URL']],
  ['a public address with a password', { PUBLIC_URL: 'https://me:pw@acme.com' }, ['PUBLIC_URL']],
  ['a database of another kind', { DATABASE_URL: 'mysql://u@h/d' }, ['DATABASE_URL']],
  ['a database address without a name', { DATABASE_URL: 'postgres://u@h' }, ['DATABASE_URL']],
  ['a short key', { ENCRYPTION_KEY: 'c2hvcnQ=' }, ['ENCRYPTION_KEY']],
  ['an example as a key', { ENCRYPTION_KEY: Buffer.alloc(32).toString('base64') }, ['ENCRYPTION_KEY']],
  ['a key in hex', { ENCRYPTION_KEY_PREVIOUS: 'ab'.repeat(32) }, ['ENCRYPTION_KEY_PREVIOUS']],
  ['admins that are no emails', { ADMIN_EMAILS: 'ana@acme.com, bo, @x' }, ['ADMIN_EMAILS']],
  ['a short API token', { ADMIN_API_TOKEN: 'fifteen-letters' }, ['ADMIN_API_TOKEN']],
  ['an API token with a space', { ADMIN_API_TOKEN: 'sixteen letters or more' }, ['ADMIN_API_TOKEN']],
  ['a Slack bot without a way to hear', { SLACK_BOT_TOKEN: 'xoxb-1' }, ['SLACK_BOT_TOKEN']],
  ['a Slack app token alone', { SLACK_APP_TOKEN: 'xapp-1' }, ['SLACK_APP_TOKEN']],
  ['a Slack signing secret alone', { SLACK_SIGNING_SECRET: 's' }, ['SLACK_SIGNING_SECRET']],
  [
    'swapped Slack tokens',
    { SLACK_BOT_TOKEN: 'xapp-1', SLACK_APP_TOKEN: 'xoxb-1' },
    ['SLACK_BOT_TOKEN', 'SLACK_APP_TOKEN'],
  ],
  ['half a Slack sign-in', { SLACK_CLIENT_ID: '1' }, ['SLACK_CLIENT_ID']],
  ['the other half of a Slack sign-in', { SLACK_CLIENT_SECRET: '1' }, ['SLACK_CLIENT_SECRET']],
  ['a Slack address without its end', { SLACK_API_URL: 'http://localhost/api' }, ['SLACK_API_URL']],
  ['a Discord bot without a server', { DISCORD_BOT_TOKEN: 'a.b.c' }, ['DISCORD_BOT_TOKEN']],
  ['a Discord server without a bot', { DISCORD_GUILD_ID: '1' }, ['DISCORD_GUILD_ID']],
  ['a Discord token with its word', { DISCORD_BOT_TOKEN: 'Bot a.b.c', DISCORD_GUILD_ID: '1' }, ['DISCORD_BOT_TOKEN']],
  ['a Discord server by name', { DISCORD_BOT_TOKEN: 'a.b.c', DISCORD_GUILD_ID: 'acme' }, ['DISCORD_GUILD_ID']],
  ['a Discord secret alone', { DISCORD_CLIENT_SECRET: 's' }, ['DISCORD_CLIENT_SECRET']],
  ['a Discord address with a slash', { DISCORD_API_URL: 'http://localhost/api/' }, ['DISCORD_API_URL']],
  ['an OAuth address that is none', { DISCORD_OAUTH_TOKEN_URL: 'localhost' }, ['DISCORD_OAUTH_TOKEN_URL']],
  ['another WhatsApp endpoint, not allowed', { WHATSAPP_WEBSOCKET_URL: 'ws://h' }, ['WHATSAPP_WEBSOCKET_URL']],
  [
    'another WhatsApp endpoint, allowed by 0',
    { WHATSAPP_WEBSOCKET_URL: 'ws://h', ALLOW_CUSTOM_WHATSAPP_ENDPOINT: '0' },
    ['WHATSAPP_WEBSOCKET_URL'],
  ],
  ['a yes that is no 1', { ALLOW_CUSTOM_WHATSAPP_ENDPOINT: 'yes' }, ['ALLOW_CUSTOM_WHATSAPP_ENDPOINT']],
  [
    'another WhatsApp root alone',
    { WHATSAPP_NOISE_ROOT: 'ab'.repeat(32), ALLOW_CUSTOM_WHATSAPP_ENDPOINT: '1' },
    ['WHATSAPP_NOISE_ROOT'],
  ],
  [
    'a WhatsApp root that is none',
    { WHATSAPP_NOISE_ROOT: 'ab', WHATSAPP_WEBSOCKET_URL: 'wss://h', ALLOW_CUSTOM_WHATSAPP_ENDPOINT: '1' },
    ['WHATSAPP_NOISE_ROOT'],
  ],
  [
    'a WhatsApp endpoint by http',
    { WHATSAPP_WEBSOCKET_URL: 'http://h', ALLOW_CUSTOM_WHATSAPP_ENDPOINT: '1' },
    ['WHATSAPP_WEBSOCKET_URL'],
  ],
  ['an unknown log level', { LOG_LEVEL: 'loud' }, ['LOG_LEVEL']],
  ['a time zone that is none', { TZ: 'Mars/Base' }, ['TZ']],
  ['a time zone by offset', { TZ: '+01:00' }, ['TZ']],
  ['a mail server by http', { SMTP_URL: 'http://mail' }, ['SMTP_URL']],
  ['a metrics token of two words', { METRICS_TOKEN: 'two words' }, ['METRICS_TOKEN']],
];

test.each(wrong)('%s is refused', (_what, env, settings) => {
  expect(faultsOf(env).map((fault) => fault.split(' ')[0])).toEqual(settings);
});

const right: readonly (readonly [string, Env])[] = [
  ['Slack by socket', { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1' }],
  ['Slack by HTTP', { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_SIGNING_SECRET: 's' }],
  ['Discord without sign-in', { DISCORD_BOT_TOKEN: 'a.b.c', DISCORD_GUILD_ID: '1', DISCORD_CLIENT_ID: '2' }],
  ['a proxy to WhatsApp itself', { WHATSAPP_WEBSOCKET_URL: 'wss://proxy/ws', ALLOW_CUSTOM_WHATSAPP_ENDPOINT: '1' }],
  ['any free port', { PORT: '0' }],
  ['an IPv6 address', { HOST: '::1' }],
];

test.each(right)('%s is accepted', (_what, env) => {
  expect(faultsOf(env)).toEqual([]);
});

test('one error names every fault, and no secret', () => {
  const secrets = {
    DATABASE_URL: 'mysql://u:hunter2-db@h/d',
    ENCRYPTION_KEY: 'hunter2-key',
    ADMIN_API_TOKEN: 'hunter2-api',
    SLACK_BOT_TOKEN: 'hunter2-bot',
    SLACK_APP_TOKEN: 'hunter2-app',
    DISCORD_BOT_TOKEN: 'hunter2 discord',
    SMTP_URL: 'http://u:hunter2-mail@h',
    METRICS_TOKEN: 'hunter2 metrics',
  };
  let message = '';
  try {
    readConfig({
      ...secrets,
      PORT: 'x',
      PUBLIC_URL: 'https://u:hunter2-url@h',
      TZ: 'x',
      LOG_LEVEL: 'x',
      ADMIN_EMAILS: 'x',
    });
  } catch (error) {
    message = String(error);
  }
  const settings = [...Object.keys(secrets), 'PORT', 'PUBLIC_URL', 'TZ', 'LOG_LEVEL', 'ADMIN_EMAILS'];
  expect(settings.filter((setting) => !message.includes(`\n  ${setting} `))).toEqual([]);
  expect(message).toMatch(/^ConfigError: \d+ settings are wrong:\n/);
  expect(message).not.toContain('hunter2');
});
