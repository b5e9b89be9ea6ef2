// The first step of a start: the environment becomes one frozen, typed Config, or one error that names every fault.
import path from 'node:path';
import { z } from 'zod';
import { DatabaseUrlError, parseDatabaseUrl } from './runtime/database-url.ts';
import type { DatabaseAddress } from './runtime/database-url.ts';
import type { LogLevel } from './runtime/log.ts';

/** A client registered with a platform, for signing people in. */
export interface SignInClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface SlackConfig {
  /** Undefined: no Slack workspace from the environment. With an app token the connection is a socket, whatever else is set. */
  readonly bot:
    | {
        readonly botToken: string;
        readonly appToken: string | undefined;
        readonly signingSecret: string | undefined;
      }
    | undefined;
  readonly signIn: SignInClient | undefined;
  /** Ends with `/api/`. Undefined: Slack's own. */
  readonly apiUrl: string | undefined;
}

export interface DiscordConfig {
  /** Undefined: no Discord server from the environment. */
  readonly bot: { readonly botToken: string; readonly guildId: string } | undefined;
  /** How many text channels are opened before private threads are. */
  readonly channelBudget: number;
  /** For the link that invites the bot; given without a secret, too. */
  readonly clientId: string | undefined;
  readonly signIn: SignInClient | undefined;
  /** Ends with `/api`. Undefined: Discord's own, as the two after it. */
  readonly apiUrl: string | undefined;
  readonly oauthAuthorizeUrl: string | undefined;
  readonly oauthTokenUrl: string | undefined;
}

/** Everything the environment decides. Undefined means not set; what the set-up page stored is used then, where there is such. */
export interface Config {
  /** Undefined: the embedded PostgreSQL under `dataDir`. */
  readonly database: DatabaseAddress | undefined;
  /** Absolute. */
  readonly dataDir: string;
  /** 0: any free one. */
  readonly port: number;
  readonly host: string;
  /** Where people reach us: scheme, host and port, without a slash at the end. */
  readonly publicUrl: string;
  /** As given, for `loadKey`; known to be good. */
  readonly encryptionKey: string | undefined;
  readonly encryptionKeyPrevious: string | undefined;
  /** Lower case, each once. */
  readonly adminEmails: readonly string[];
  readonly adminApiToken: string | undefined;
  readonly metricsToken: string | undefined;
  readonly slack: SlackConfig;
  readonly discord: DiscordConfig;
  readonly whatsapp: {
    readonly websocketUrl: string | undefined;
    /** The 32-byte public key that signs the endpoint's certificates. Undefined: WhatsApp's own. */
    readonly noiseRoot: Uint8Array | undefined;
  };
  readonly logLevel: LogLevel;
  /** IANA name; the machine's when not set. */
  readonly timeZone: string;
  readonly smtpUrl: string | undefined;
}

export interface ConfigFault {
  readonly setting: string;
  /** What is wrong and what it must be, without the value of anything secret. */
  readonly sentence: string;
}

/** The settings can't be used; `message` is for the person who starts the program and names every fault. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[]) {
    const lines = faults.map(({ setting, sentence }) => `  ${setting} ${sentence}`);
    const head = faults.length === 1 ? 'One setting is wrong:' : `${faults.length} settings are wrong:`;
    super([head, ...lines].join('\n'));
    this.faults = faults;
  }
}

const LOG_LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
const SHORTEST_TOKEN = 16;
const KEY_BYTES = 32;
/** A Discord server takes no more, categories included; source: docs.discord.com, error 30013. */
const MOST_CHANNELS = 500;

/** Reads settings one by one and remembers each fault; an empty setting counts as absent, as Compose files write it. */
class Reader {
  readonly faults: ConfigFault[] = [];
  readonly #env: Readonly<Record<string, string | undefined>>;

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#env = env;
  }

  fault(setting: string, sentence: string): undefined {
    this.faults.push({ setting, sentence });
    return undefined;
  }

  text(setting: string): string | undefined {
    return this.#env[setting]?.trim() || undefined;
  }

  /** `accept` gives the value to keep, or undefined when it can't be used: then `sentence` is the fault. */
  read<T>(setting: string, accept: (text: string) => T | undefined, sentence: string): T | undefined {
    const text = this.text(setting);
    return text === undefined ? undefined : (accept(text) ?? this.fault(setting, sentence));
  }

  /** A secret of one word: its value never stands in a fault. */
  secret(setting: string, prefix = ''): string | undefined {
    return this.read(
      setting,
      (text) => (/^[\u0021-\u007e]+$/.test(text) && text.startsWith(prefix) ? text : undefined),
      prefix === ''
        ? 'holds spaces or signs that no token has: it must be copied as it is, in one piece.'
        : `is another kind of token: it must begin with ${prefix} and be copied in one piece.`,
    );
  }

  /** An address with one of these schemes; `suits` may ask for more. Kept as it was written. */
  url(
    setting: string,
    schemes: readonly string[],
    suits: (url: URL) => boolean = () => true,
    more = '',
  ): string | undefined {
    return this.read(
      setting,
      (text) => {
        const url = URL.canParse(text) ? new URL(text) : undefined;
        return url !== undefined && schemes.includes(url.protocol.slice(0, -1)) && suits(url) ? text : undefined;
      },
      `is not an address that can be used: it must begin with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}${more}.`,
    );
  }

  /** Faults for settings that say nothing without another one. */
  needs(settings: readonly string[], isMet: boolean, sentence: string): void {
    for (const setting of settings) {
      if (this.text(setting) !== undefined && !isMet) this.fault(setting, sentence);
    }
  }
}

/** Reads the environment. Throws ConfigError with every fault at once; touches neither files nor the network. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const reader = new Reader(env);
  const port =
    reader.read(
      'PORT',
      (text) => (/^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined),
      'is not a port: it must be a whole number from 0 to 65535.',
    ) ?? 3000;
  const config: Config = {
    database: readDatabase(reader),
    dataDir: path.resolve(reader.text('DATA_DIR') ?? 'data'),
    port,
    host:
      reader.read(
        'HOST',
        (text) => (/^[\w.:-]+$/.test(text) ? text : undefined),
        'is not a host: it must be a name or an IP address to listen on, such as 127.0.0.1, without a port or http://.',
      ) ?? '127.0.0.1',
    publicUrl: readPublicUrl(reader) ?? `http://localhost:${port}`,
    encryptionKey: readKey(reader, 'ENCRYPTION_KEY'),
    encryptionKeyPrevious: readKey(reader, 'ENCRYPTION_KEY_PREVIOUS'),
    adminEmails: readEmails(reader, 'ADMIN_EMAILS'),
    adminApiToken: readAdminToken(reader),
    metricsToken: reader.secret('METRICS_TOKEN'),
    slack: readSlack(reader),
    discord: readDiscord(reader),
    whatsapp: readWhatsApp(reader),
    logLevel:
      reader.read(
        'LOG_LEVEL',
        (text) => LOG_LEVELS.find((level) => level === text.toLowerCase()),
        `is not a level: it must be one of ${LOG_LEVELS.join(', ')}.`,
      ) ?? 'info',
    timeZone:
      reader.read(
        'TZ',
        (text) => (isTimeZone(text) ? text : undefined),
        'is not a time zone: it must be an IANA name such as Europe/Lisbon or UTC.',
      ) ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    smtpUrl: reader.url('SMTP_URL', ['smtp', 'smtps'], (url) => url.hostname !== ''),
  };
  if (reader.faults.length > 0) throw new ConfigError(reader.faults);
  return deepFreeze(config);
}

function readDatabase(reader: Reader): DatabaseAddress | undefined {
  const text = reader.text('DATABASE_URL');
  if (text === undefined) return undefined;
  try {
    return parseDatabaseUrl(text);
  } catch (error) {
    if (!(error instanceof DatabaseUrlError)) throw error;
    return reader.fault('DATABASE_URL', `can't be read. ${error.message}`);
  }
}

function readPublicUrl(reader: Reader): string | undefined {
  const isOrigin = (url: URL): boolean =>
    url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '' && url.password === '';
  const text = reader.url(
    'PUBLIC_URL',
    ['http', 'https'],
    isOrigin,
    ' and hold a host and perhaps a port, nothing after it',
  );
  return text === undefined ? undefined : new URL(text).origin;
}

function readKey(reader: Reader, setting: string): string | undefined {
  return reader.read(
    setting,
    (text) => {
      const key = Buffer.from(text, 'base64');
      const isWhole = key.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '');
      return isWhole && key.length === KEY_BYTES && key.some((byte) => byte !== key[0]) ? text : undefined;
    },
    `is not a key: it must hold ${KEY_BYTES} random bytes in base64, as \`openssl rand -base64 32\` makes them.`,
  );
}

function readEmails(reader: Reader, setting: string): readonly string[] {
  const emails = (reader.text(setting) ?? '')
    .split(',')
    .map((email) => email.trim().toLowerCase())
    .filter((email) => email !== '');
  const bad = emails.filter((email) => !z.email().safeParse(email).success);
  if (bad.length > 0) {
    const named = bad.map((email) => `“${email}”`).join(', ');
    reader.fault(setting, `holds what is no email: ${named}. It must be emails separated by commas.`);
  }
  return [...new Set(emails)];
}

function readAdminToken(reader: Reader): string | undefined {
  const token = reader.secret('ADMIN_API_TOKEN');
  if (token === undefined || token.length >= SHORTEST_TOKEN) return token;
  return reader.fault(
    'ADMIN_API_TOKEN',
    `is too short to be safe: it must have at least ${SHORTEST_TOKEN} characters.`,
  );
}

function readSlack(reader: Reader): SlackConfig {
  const token = reader.secret('SLACK_BOT_TOKEN', 'xoxb-');
  const appToken = reader.secret('SLACK_APP_TOKEN', 'xapp-');
  const signingSecret = reader.secret('SLACK_SIGNING_SECRET');
  const isSet = (setting: string): boolean => reader.text(setting) !== undefined;
  reader.needs(
    ['SLACK_BOT_TOKEN'],
    isSet('SLACK_APP_TOKEN') || isSet('SLACK_SIGNING_SECRET'),
    'is set alone: SLACK_APP_TOKEN must be set too (Socket Mode), or SLACK_SIGNING_SECRET (events by HTTP).',
  );
  reader.needs(
    ['SLACK_APP_TOKEN', 'SLACK_SIGNING_SECRET'],
    isSet('SLACK_BOT_TOKEN'),
    'says nothing alone: SLACK_BOT_TOKEN must be set too.',
  );
  return {
    bot: token === undefined ? undefined : { botToken: token, appToken, signingSecret },
    signIn: readSignIn(reader, 'SLACK_CLIENT_ID', 'SLACK_CLIENT_SECRET'),
    apiUrl: reader.url('SLACK_API_URL', ['http', 'https'], (url) => url.href.endsWith('/api/'), ' and end with /api/'),
  };
}

function readDiscord(reader: Reader): DiscordConfig {
  const token = reader.read(
    'DISCORD_BOT_TOKEN',
    (text) => (/^[\u0021-\u007e]+$/.test(text) ? text : undefined),
    'holds spaces or signs that no token has: it must be copied in one piece, without “Bot” before it.',
  );
  const guildId = readSnowflake(reader, 'DISCORD_GUILD_ID', 'server');
  const isSet = (setting: string): boolean => reader.text(setting) !== undefined;
  reader.needs(
    ['DISCORD_BOT_TOKEN'],
    isSet('DISCORD_GUILD_ID'),
    'is set without DISCORD_GUILD_ID: that must hold the id of the server the bot works in.',
  );
  reader.needs(
    ['DISCORD_GUILD_ID'],
    isSet('DISCORD_BOT_TOKEN'),
    'says nothing alone: DISCORD_BOT_TOKEN must be set too.',
  );
  const clientId = readSnowflake(reader, 'DISCORD_CLIENT_ID', 'application');
  const clientSecret = reader.secret('DISCORD_CLIENT_SECRET');
  reader.needs(
    ['DISCORD_CLIENT_SECRET'],
    isSet('DISCORD_CLIENT_ID'),
    'says nothing alone: DISCORD_CLIENT_ID must be set too.',
  );
  return {
    bot: token === undefined || guildId === undefined ? undefined : { botToken: token, guildId },
    channelBudget:
      reader.read(
        'DISCORD_CHANNEL_BUDGET',
        (text) => (/^\d{1,3}$/.test(text) && Number(text) <= MOST_CHANNELS ? Number(text) : undefined),
        `is not a number of channels: it must be a whole number from 0 to ${MOST_CHANNELS}.`,
      ) ?? 400,
    clientId,
    signIn: clientId === undefined || clientSecret === undefined ? undefined : { clientId, clientSecret },
    apiUrl: reader.url(
      'DISCORD_API_URL',
      ['http', 'https'],
      (url) => url.href.endsWith('/api'),
      ' and end with /api (no version, no slash)',
    ),
    oauthAuthorizeUrl: reader.url('DISCORD_OAUTH_AUTHORIZE_URL', ['http', 'https']),
    oauthTokenUrl: reader.url('DISCORD_OAUTH_TOKEN_URL', ['http', 'https']),
  };
}

/** Discord's ids are 64-bit numbers (docs.discord.com, "Snowflakes"). */
function readSnowflake(reader: Reader, setting: string, of: string): string | undefined {
  return reader.read(
    setting,
    (text) => (/^\d{1,20}$/.test(text) ? text : undefined),
    `is not an id: it must be the number that Discord shows under “Copy ${of} ID”.`,
  );
}

function readSignIn(reader: Reader, idSetting: string, secretSetting: string): SignInClient | undefined {
  const clientId = reader.secret(idSetting);
  const clientSecret = reader.secret(secretSetting);
  const isBoth = reader.text(idSetting) !== undefined && reader.text(secretSetting) !== undefined;
  reader.needs([idSetting], isBoth, `is set alone: ${secretSetting} must be set too.`);
  reader.needs([secretSetting], isBoth, `is set alone: ${idSetting} must be set too.`);
  return clientId === undefined || clientSecret === undefined ? undefined : { clientId, clientSecret };
}

/** Another endpoint would get everything the numbers say, so it must be allowed in so many words. */
function readWhatsApp(reader: Reader): Config['whatsapp'] {
  const allowed = reader.read(
    'ALLOW_CUSTOM_WHATSAPP_ENDPOINT',
    (text) => (text === '1' || text === '0' ? text : undefined),
    'is neither yes nor no: it must be 1, or absent.',
  );
  const websocketUrl = reader.url('WHATSAPP_WEBSOCKET_URL', ['ws', 'wss']);
  const noiseRoot = reader.read(
    'WHATSAPP_NOISE_ROOT',
    (text) => (/^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : undefined),
    'is not a public key: it must be 64 hexadecimal digits.',
  );
  reader.needs(
    ['WHATSAPP_WEBSOCKET_URL', 'WHATSAPP_NOISE_ROOT'],
    allowed === '1',
    'is refused: messages would go to another endpoint than WhatsApp, so ALLOW_CUSTOM_WHATSAPP_ENDPOINT must be 1 if that is meant.',
  );
  reader.needs(
    ['WHATSAPP_NOISE_ROOT'],
    reader.text('WHATSAPP_WEBSOCKET_URL') !== undefined,
    'says nothing alone: WHATSAPP_WEBSOCKET_URL must be set too.',
  );
  return { websocketUrl, noiseRoot };
}

function isTimeZone(name: string): boolean {
  try {
    // Offsets such as +01:00 are taken as well, and know nothing of summer time.
    return /^[A-Za-z]/.test(new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone);
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** Bytes can't be frozen; all else is. */
function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null && !ArrayBuffer.isView(part)) deepFreeze(part);
  }
  return Object.freeze(value);
}
