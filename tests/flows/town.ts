// A whole town for flow tests: the simulators, a database, and the real program in a process of its own.
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { DiscordSimulator } from '../../simulators/discord/index.ts';
import type { Channel, Person, SlackSimulator } from '../../simulators/slack/index.ts';
import { startWhatsApp, type Phone, type WhatsAppSimulator } from '../../simulators/whatsapp/index.ts';
import type { DatabaseAddress } from '../../src/runtime/database-url.ts';
import { connect, freshDatabase, type TestDatabase } from '../support/postgres.ts';
import { runProgram, type Program } from '../support/program.ts';
import { startDiscordWorkspace, type DiscordWorkspace } from './discord-workspace.ts';
import { introduce } from './introduce.ts';
import { startSlackWorkspace, type SlackWorkspace } from './slack-workspace.ts';
import type { PlatformName, TownWorkspace } from './workspace.ts';

export const API_TOKEN = 'an-admin-token-for-tests';
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const POLL_MS = 20;

export interface TownOptions {
  /** Where the agents work; Slack alone unless said otherwise. */
  readonly workspaces?: readonly PlatformName[];
  /** More or other settings of the program. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A JSON answer of the program's API. */
export interface Answered {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** What a flow test stands on. */
export class Town {
  readonly whatsapp: WhatsAppSimulator;
  readonly workspaces: readonly TownWorkspace[];
  readonly database: TestDatabase;
  /** The program's settings; changes count from the next start. */
  readonly settings: Record<string, string>;
  readonly #slack: SlackWorkspace | undefined;
  readonly #discord: DiscordWorkspace | undefined;
  readonly #programs: Program[] = [];
  readonly #urls = new Map<Program, string>();
  /** Ids of people of Discord. */
  readonly #introduced = new Set<string>();

  private constructor(
    whatsapp: WhatsAppSimulator,
    slack: SlackWorkspace | undefined,
    discord: DiscordWorkspace | undefined,
    database: TestDatabase,
    env: Readonly<Record<string, string>>,
  ) {
    this.whatsapp = whatsapp;
    this.#slack = slack;
    this.#discord = discord;
    this.workspaces = [slack, discord].filter((workspace) => workspace !== undefined);
    this.database = database;
    this.settings = { ...Object.assign({}, ...this.workspaces.map((workspace) => workspace.env)), ...env };
  }

  /** Starts the simulators and makes a database; the program isn't running yet. */
  static async build(options: TownOptions = {}): Promise<Town> {
    const { workspaces = ['slack'] } = options;
    const [whatsapp, slack, discord, database] = await Promise.all([
      startWhatsApp(),
      workspaces.includes('slack') ? startSlackWorkspace() : undefined,
      workspaces.includes('discord') ? startDiscordWorkspace() : undefined,
      freshDatabase(),
    ]);
    return new Town(whatsapp, slack, discord, database, {
      PATH: process.env['PATH'] ?? '',
      NODE_COMPILE_CACHE: path.join(tmpdir(), 'switchboard-compile-cache'),
      DATABASE_URL: database.url,
      DATA_DIR: path.join(tmpdir(), `switchboard-flow-${process.pid}-${database.dbName}`),
      PORT: '0',
      LOG_LEVEL: 'debug',
      ADMIN_API_TOKEN: API_TOKEN,
      ADMIN_EMAILS: 'ana@acme.test,ben@acme.test',
      ENCRYPTION_KEY: Buffer.from('0123456789abcdef0123456789abcdef').toString('base64'),
      WHATSAPP_WEBSOCKET_URL: whatsapp.url,
      ALLOW_CUSTOM_WHATSAPP_ENDPOINT: '1',
      WHATSAPP_NOISE_ROOT: whatsapp.noiseRoot,
      NODE_EXTRA_CA_CERTS: whatsapp.mediaCaFile,
      ...options.env,
    });
  }

  /** The workspace, where there is but one or it doesn't matter which. */
  get desk(): TownWorkspace {
    const [first] = this.workspaces;
    if (first === undefined) throw new Error('the town has no workspace');
    return first;
  }

  get slack(): SlackSimulator {
    if (this.#slack === undefined) throw new Error('the town has no Slack');
    return this.#slack.simulator;
  }

  get discord(): DiscordSimulator {
    if (this.#discord === undefined) throw new Error('the town has no Discord');
    return this.#discord.simulator;
  }

  get program(): Program {
    const program = this.#programs.at(-1);
    if (program === undefined) throw new Error('the program was not started');
    return program;
  }

  /** Where the program listens. */
  get url(): string {
    return this.#urls.get(this.program) ?? '';
  }

  /** Starts the program and waits until it's the one at work. */
  async start(env: Readonly<Record<string, string>> = {}, nodeOptions: readonly string[] = []): Promise<Program> {
    const program = this.run(env, nodeOptions);
    await program.line('"msg":"at work"');
    await this.introduce();
    return program;
  }

  /** Makes Agents of the people of Discord who were added since the last start. Those without an invitation stay strangers. */
  async introduce(): Promise<void> {
    const people = (this.#discord?.people ?? []).filter(({ id }) => !this.#introduced.has(id));
    if (people.length === 0) return;
    for (const id of await introduce(this.database, people)) this.#introduced.add(id);
  }

  /** Starts the program without waiting for anything but its web server. */
  run(env: Readonly<Record<string, string>> = {}, nodeOptions: readonly string[] = []): Program {
    const program = runProgram(MAIN, [], { ...this.settings, ...env }, nodeOptions);
    this.#programs.push(program);
    program
      .line('"msg":"listening"')
      .then((line) => {
        this.#urls.set(program, `http://localhost:${(JSON.parse(line) as { port: number }).port}`);
      })
      .catch(() => undefined);
    return program;
  }

  /** Leaves a program that has ended out of account: the one before is `program` again. */
  forget(program: Program): void {
    this.#programs.splice(this.#programs.indexOf(program), 1);
  }

  /** Ends the program without a word, as a power cut would. */
  async kill(): Promise<void> {
    this.program.signal('SIGKILL');
    await this.program.ended;
  }

  /** Ends the program in good order. */
  async stop(): Promise<number | NodeJS.Signals> {
    this.program.signal('SIGTERM');
    return this.program.ended;
  }

  /** Asks the API; of the program started last, unless another is named. */
  async api(method: string, route: string, body?: unknown, program = this.program): Promise<Answered> {
    const response = await fetch(`${this.#urls.get(program) ?? ''}${route}`, {
      method,
      headers: { authorization: `Bearer ${API_TOKEN}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : { text },
    };
  }

  /** Links a number by its QR code and waits until it's connected. Gives the Account's id. */
  async link(phone: Phone, name = 'Support'): Promise<string> {
    const made = await this.api('POST', '/api/v1/accounts', { name });
    const id = String(made.body['id']);
    await this.api('POST', `/api/v1/accounts/${id}/link`, { method: 'qr' });
    const qr = await this.until(async () => {
      const { body } = await this.api('GET', `/api/v1/accounts/${id}/link`);
      return body['step'] === 'qr' ? String(body['qr']) : undefined;
    }, 'a QR code');
    await phone.scanQr(qr);
    await this.until(
      async () => (await this.api('GET', `/api/v1/accounts/${id}`)).body['state'] === 'connected',
      'the number to be connected',
    );
    return id;
  }

  /** Waits until `read` gives something; fails after `timeoutMs` with `what` and the program's last lines. */
  async until<Value>(
    read: () => Value | Promise<Value>,
    what: string,
    timeoutMs = 30_000,
  ): Promise<NonNullable<Value>> {
    const endsAt = performance.now() + timeoutMs;
    for (;;) {
      const value = await read();
      if (value !== undefined && value !== null && value !== false) return value;
      if (performance.now() > endsAt) {
        throw new Error(`Waited in vain for ${what}.\n${this.#programs.at(-1)?.lines.slice(-25).join('\n')}`);
      }
      await pause(POLL_MS);
    }
  }

  /** Every number and workspace is connected. */
  async isConnected(): Promise<boolean> {
    const { status, body } = await this.api('GET', '/readyz').catch(() => ({
      status: 0,
      body: {} as Record<string, unknown>,
    }));
    const states = [body['accounts'], body['workspaces']].flat() as ({ state: string } | undefined)[];
    return status === 200 && states.every((each) => each?.state === 'connected');
  }

  /** Waits until nothing is under way: no inbox row, no delivery, no event of a workspace waits. `address` for a program with another database. */
  async quiet(address: DatabaseAddress = this.database, patienceMs = 40_000): Promise<void> {
    await Promise.all(this.workspaces.map((workspace) => workspace.settled(20_000)));
    await this.workedOff(address, patienceMs);
  }

  /** As `quiet`, of what the program has heard: for when a process that is held has a connection of its own, and takes in nothing. */
  async workedOff(address: DatabaseAddress = this.database, patienceMs = 40_000): Promise<void> {
    const client = await connect(address);
    let waiting: readonly object[] = [];
    try {
      await this.until(
        async () => {
          const { rows } = await client.query<object>(
            `select 'arrival ' || kind as what, reason from arrival where done_at is null
             union all select 'heard', reason from heard where done_at is null
             union all select 'lane ' || key, last_error from lane where waiting > 0`,
          );
          waiting = rows;
          return rows.length === 0;
        },
        'everything to be worked off',
        patienceMs,
      );
    } catch (error) {
      throw new Error(`Still waiting: ${JSON.stringify(waiting)}`, { cause: error });
    } finally {
      await client.end();
    }
  }

  /** A connection to the program's database; whoever asks ends it. */
  async sql(): ReturnType<typeof connect> {
    return connect(this.database);
  }

  /** The Slack channel whose name begins like this, once it's there. */
  async channel(start: string): Promise<Channel> {
    return this.until(() => this.slack.channels().find(({ name }) => name.startsWith(start)), `the channel ${start}`);
  }

  /** Somebody in Slack. */
  person(name: string, email: string): Person {
    return this.slack.addPerson({ name, email });
  }

  /** Ends everything; throws when a simulator met something it doesn't know. */
  async close(): Promise<void> {
    for (const program of this.#programs) {
      program.signal('SIGKILL');
      await program.ended;
    }
    await Promise.all([this.whatsapp.stop(), ...this.workspaces.map((workspace) => workspace.stop())]);
    await this.database.drop();
    const unknown = [this.whatsapp, ...this.workspaces].flatMap((each) => [...each.unknown]);
    if (unknown.length > 0) throw new Error(`The simulators don't know: ${unknown.join(', ')}`);
  }
}
