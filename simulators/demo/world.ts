// The demo's world: both simulators with their people, and the real program between them, with a linked number.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  startDiscord,
  type Channel as GuildChannel,
  type DiscordSimulator,
  type Person as Member,
} from '../discord/index.ts';
import { startSlack, type Channel, type Person, type SlackSimulator } from '../slack/index.ts';
import { startControl } from '../whatsapp/control.ts';
import { startWhatsApp, type Phone, type Recipient, type WhatsAppSimulator } from '../whatsapp/index.ts';
import { signInByLink } from './sign-in.ts';
import { makeFiles, type DemoFile, type FileName } from './files.ts';
import { startProgram, type Program } from './program.ts';
import {
  agents,
  chats,
  customers,
  guildAgents,
  office as officeNumber,
  stranger as strangerPerson,
  type Agent,
  type ChatScript,
  type Customer,
  type GuildAgent,
} from './script.ts';

/** Where the program listens when that is free and somebody may want to look at it. */
const USUAL_PORT = 3000;
const POLL_MS = 25;

/** Everything that was started. */
export interface World {
  readonly whatsapp: WhatsAppSimulator;
  readonly slack: SlackSimulator;
  readonly discord: DiscordSimulator;
  readonly program: Program;
  readonly office: Phone;
  readonly phones: Readonly<Record<Customer, Phone>>;
  readonly people: Readonly<Record<Agent, Person>>;
  readonly members: Readonly<Record<GuildAgent, Member>>;
  readonly stranger: Person;
  readonly files: Readonly<Record<FileName, DemoFile>>;
  readonly addresses: Addresses;
  /** Where a customer writes to in this chat: the organisation's phone, or the group. */
  to(chat: ChatScript): Recipient;
  channel(chat: ChatScript): Channel | undefined;
  guildChannel(chat: ChatScript): GuildChannel | undefined;
}

/** What people need to try it themselves. */
export interface Addresses {
  readonly program: string;
  readonly token: string;
  readonly slack: string;
  readonly discord: string;
  readonly whatsapp: string;
  readonly logFile: string;
}

/** What starting opens, to be closed in reverse. */
type Closer = () => Promise<void>;

/** Builds the world and works in it, then takes it down, whatever came of the work. `tell` hears how the start goes on. */
export async function withWorld<T>(
  options: { readonly isForLooking: boolean; readonly tell: (sentence: string) => void; readonly ending: AbortSignal },
  work: (world: World) => Promise<T>,
): Promise<T> {
  const closers: Closer[] = [];
  try {
    const world = await build(options, closers);
    return await work(world);
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

async function build(
  { isForLooking, tell, ending }: Parameters<typeof withWorld>[0],
  closers: Closer[],
): Promise<World> {
  tell('Starting WhatsApp, Slack and Discord on this machine …');
  const folder = await mkdtemp(join(tmpdir(), 'switchboard-demo-'));
  closers.push(async () => rm(folder, { recursive: true, force: true }));
  const whatsapp = await startWhatsApp();
  closers.push(async () => whatsapp.stop());
  const control = await startControl(whatsapp);
  closers.push(async () => control.stop());
  const slack = await startSlack({ teamName: 'Acme' });
  closers.push(async () => slack.stop());
  const discord = await startDiscord({ guildName: 'Acme' });
  closers.push(async () => discord.stop());

  const people = mapValues(agents, (agent) => slack.addPerson(agent));
  const members = mapValues(guildAgents, (agent) => discord.addPerson(agent));
  const lobby = await discord.owner.createChannel('general');
  const stranger = slack.addPerson(strangerPerson);
  const office = whatsapp.createPhone(officeNumber);
  const phones = mapValues(customers, (customer) => whatsapp.createPhone(customer));
  ending.throwIfAborted();

  tell('Starting the program, with a fresh database …');
  const token = `demo-${randomBytes(8).toString('hex')}`;
  const port = await freePort(isForLooking ? USUAL_PORT : 0);
  const logFile = join(folder, 'demo.log');
  const program = startProgram(
    {
      // The folder itself: run as root, the database's own user couldn't reach one further down.
      DATA_DIR: folder,
      PORT: String(port),
      ADMIN_API_TOKEN: token,
      ADMIN_EMAILS: Object.values({ ...agents, ...guildAgents })
        .map((agent) => agent.email)
        .join(','),
      ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      SLACK_BOT_TOKEN: slack.botToken,
      SLACK_APP_TOKEN: slack.appToken,
      SLACK_API_URL: slack.apiUrl,
      DISCORD_BOT_TOKEN: discord.botToken,
      DISCORD_GUILD_ID: discord.guildId,
      DISCORD_API_URL: discord.apiUrl,
      DISCORD_CLIENT_ID: discord.clientId,
      DISCORD_CLIENT_SECRET: discord.clientSecret,
      DISCORD_OAUTH_AUTHORIZE_URL: discord.oauthAuthorizeUrl,
      DISCORD_OAUTH_TOKEN_URL: discord.oauthTokenUrl,
      WHATSAPP_WEBSOCKET_URL: whatsapp.url,
      ALLOW_CUSTOM_WHATSAPP_ENDPOINT: '1',
      WHATSAPP_NOISE_ROOT: whatsapp.noiseRoot,
      NODE_EXTRA_CA_CERTS: whatsapp.mediaCaFile,
    },
    logFile,
  );
  closers.push(async () => program.stop());
  const aborted = new Promise<never>((_resolve, reject) => {
    ending.addEventListener('abort', () => reject(ending.reason as Error), { once: true });
  });
  aborted.catch(() => undefined);
  const address = await Promise.race([program.logged('listening', 'url'), aborted]);
  await Promise.race([program.logged('at work'), aborted]);

  tell(`Linking the number +${office.number} by its QR code …`);
  await Promise.race([link(address, token, office), program.died, aborted]);
  for (const member of Object.values(members)) {
    tell(`${member.name} proves who they are on Discord: /wa link, and a sign-in …`);
    await Promise.race([signInByLink(discord, member, lobby), program.died, aborted]);
  }
  // Made now, so that the number's new device hears of it, as it would from a customer.
  const groups = new Map(
    chats
      .filter((chat) => chat.isGroup)
      .map((chat) => {
        const [owner = office, ...others] = chat.people.map((person) => phones[person]);
        return [chat, whatsapp.createGroup(owner, chat.name, [...others, office])];
      }),
  );
  return {
    whatsapp,
    slack,
    discord,
    program,
    office,
    phones,
    people,
    members,
    stranger,
    files: await makeFiles(),
    addresses: {
      program: address,
      token,
      slack: new URL('/control', slack.apiUrl).href,
      discord: new URL('/control', discord.apiUrl).href,
      whatsapp: control.url,
      logFile,
    },
    to: (chat) => groups.get(chat) ?? office,
    channel: (chat) => slack.channels().find((channel) => channel.name === chat.channel),
    guildChannel: (chat) => discord.channels().find((channel) => channel.name === chat.channel),
  };
}

/** Links the organisation's number as an admin would: a new Account, its QR code, the phone's camera. */
async function link(address: string, token: string, office: Phone): Promise<void> {
  const ask = async (method: string, path: string, body?: unknown): Promise<Record<string, unknown>> => {
    const response = await fetch(`${address}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${text}`);
    return JSON.parse(text) as Record<string, unknown>;
  };
  const { id } = await ask('POST', '/accounts', { name: officeNumber.name });
  const account = `/accounts/${String(id)}`;
  let step = await ask('POST', `${account}/link`, { method: 'qr' });
  let scanned: unknown;
  while (step['step'] !== 'linked') {
    if (step['step'] === 'failed') throw new Error(`The number could not be linked: ${String(step['reason'])}`);
    if (step['step'] === 'qr' && step['qr'] !== scanned) {
      scanned = step['qr'];
      await office.scanQr(String(scanned));
    }
    await pause(POLL_MS);
    step = await ask('GET', `${account}/link`);
  }
  while ((await ask('GET', account))['state'] !== 'connected') await pause(POLL_MS);
}

/** This port, or any other that is free when somebody has it. The address people reach must be known before the start. */
async function freePort(wanted: number): Promise<number> {
  const port = await new Promise<number | undefined>((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address();
      const found = typeof address === 'object' ? address?.port : undefined;
      server.close(() => resolve(found));
    });
  });
  return port ?? freePort(0);
}

function mapValues<Key extends string, From, To>(
  from: Readonly<Record<Key, From>>,
  make: (value: From) => To,
): Record<Key, To> {
  const entries = Object.entries<From>(from).map(([key, value]) => [key, make(value)]);
  return Object.fromEntries(entries) as Record<Key, To>;
}
