// What the bench of the relay stands on: both simulators in this process, a PostgreSQL, and in a process of its own what is measured.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { startSlack, type Person, type SlackSimulator } from '../simulators/slack/index.ts';
import { startWhatsApp, type Phone, type WhatsAppSimulator } from '../simulators/whatsapp/index.ts';
import { formatDatabaseUrl } from '../src/runtime/database-url.ts';
import { createLog } from '../src/runtime/log.ts';
import { startPostgres, type EmbeddedPostgres } from '../src/runtime/postgres.ts';
import { runProgram, type Program } from '../tests/support/program.ts';
import { serverCpuMs } from './support.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const BARE = fileURLToPath(new URL('bare-loop.ts', import.meta.url));
const TOKEN = 'a-token-for-the-bench';
const LONGEST_MS = 300_000;
/** Linux counts a process's time in hundredths of a second. */
const TICK_MS = 10;

const open = new Set<RelayWorld>();

/** One kind of relay between one WhatsApp and one Slack, freshly made. */
export class RelayWorld {
  readonly whatsapp: WhatsAppSimulator;
  readonly slack: SlackSimulator;
  /** The admin: she is in all channels. */
  readonly ana: Person;
  readonly #postgres: EmbeddedPostgres | undefined;
  readonly #folder: string;
  readonly #env: Readonly<Record<string, string>>;
  #program: Program | undefined;
  #url = '';
  #phoneCount = 0;
  /** Of each channel, how many of its posts were looked at. */
  readonly #seen = new Map<string, { count: number; number: number }>();
  readonly #posted = new Map<number, number>();

  private constructor(
    whatsapp: WhatsAppSimulator,
    slack: SlackSimulator,
    ana: Person,
    postgres: EmbeddedPostgres | undefined,
    folder: string,
    preload: readonly string[],
  ) {
    this.whatsapp = whatsapp;
    this.slack = slack;
    this.ana = ana;
    this.#postgres = postgres;
    this.#folder = folder;
    this.preload = preload;
    this.#env = {
      PATH: process.env['PATH'] ?? '',
      DATA_DIR: path.join(folder, 'data'),
      PORT: '0',
      LOG_LEVEL: 'info',
      ADMIN_API_TOKEN: TOKEN,
      ADMIN_EMAILS: 'ana@acme.test',
      ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      SLACK_BOT_TOKEN: slack.botToken,
      SLACK_APP_TOKEN: slack.appToken,
      SLACK_API_URL: slack.apiUrl,
      WHATSAPP_WEBSOCKET_URL: whatsapp.url,
      ALLOW_CUSTOM_WHATSAPP_ENDPOINT: '1',
      WHATSAPP_NOISE_ROOT: whatsapp.noiseRoot,
      NODE_EXTRA_CA_CERTS: whatsapp.mediaCaFile,
      ...(postgres === undefined ? {} : { DATABASE_URL: formatDatabaseUrl(postgres) }),
    };
  }

  /** Options of Node for what is measured, as `--cpu-prof`. */
  readonly preload: readonly string[];

  static async build(kind: 'switchboard' | 'bare', preload: readonly string[] = []): Promise<RelayWorld> {
    const folder = await mkdtemp(path.join(tmpdir(), 'switchboard-bench-'));
    // The database's own user must get into it.
    await chmod(folder, 0o755);
    const [whatsapp, slack] = await Promise.all([startWhatsApp(), startSlack()]);
    const ana = slack.addPerson({ name: 'Ana', email: 'ana@acme.test' });
    const postgres =
      kind === 'bare'
        ? undefined
        : await startPostgres({ dataDir: path.join(folder, 'pg'), log: createLog({ level: 'warn' }) });
    const world = new RelayWorld(whatsapp, slack, ana, postgres, folder, preload);
    open.add(world);
    return world;
  }

  async start(): Promise<void> {
    const file = this.#postgres === undefined ? BARE : MAIN;
    const program = runProgram(file, [], this.#env, this.preload);
    this.#program = program;
    if (this.#postgres === undefined) return;
    const line = await program.line('"msg":"listening"');
    this.#url = (JSON.parse(line) as { url: string }).url;
    await program.line('"msg":"at work"');
  }

  async stop(): Promise<void> {
    this.program.signal('SIGTERM');
    await this.program.ended;
  }

  get program(): Program {
    if (this.#program === undefined) throw new Error('nothing was started');
    return this.#program;
  }

  newPhone(name: string): Phone {
    this.#phoneCount += 1;
    return this.whatsapp.createPhone({ number: `49160${10_000_000 + this.#phoneCount}`, name });
  }

  /** Links a number of ours. */
  async link(phone: Phone): Promise<void> {
    if (this.#postgres === undefined) {
      const { qr } = JSON.parse(await this.program.line('"qr"')) as { qr: string };
      await phone.scanQr(qr);
      await this.program.line('"open"');
      return;
    }
    const { id } = await this.api('POST', '/accounts', { name: phone.name });
    await this.api('POST', `/accounts/${String(id)}/link`, { method: 'qr' });
    const qr = await until(async () => {
      const step = await this.api('GET', `/accounts/${String(id)}/link`);
      return typeof step['qr'] === 'string' ? step['qr'] : undefined;
    }, 'a QR code');
    await phone.scanQr(qr);
    await until(async () => (await this.api('GET', `/accounts/${String(id)}`))['state'] === 'connected', 'the link');
  }

  async api(method: string, route: string, body?: unknown): Promise<Record<string, unknown>> {
    const response = await fetch(`${this.#url}/api/v1${route}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (await response.json()) as Record<string, unknown>;
  }

  /** When each numbered message (`m17`) was posted, in milliseconds since 1970. Throws when one came twice or before an earlier one of its chat. */
  posted(): ReadonlyMap<number, number> {
    for (const { id, name, messages } of this.slack.channels()) {
      const seen = this.#seen.get(id) ?? { count: 0, number: 0 };
      this.#seen.set(id, seen);
      for (; seen.count < messages.length; seen.count += 1) {
        const { text, ts } = messages[seen.count] ?? { text: '', ts: '' };
        const number = Number(/\bm(\d+)$/.exec(text)?.[1]);
        if (Number.isNaN(number)) continue;
        if (number <= seen.number) throw new Error(`m${number} was posted after m${seen.number} in ${name}`);
        seen.number = number;
        this.#posted.set(number, Number(ts) * 1_000);
      }
    }
    return this.#posted;
  }

  /** Processor time of what is measured, without the database's. */
  cpuMs(): number {
    const fields = readFileSync(`/proc/${this.program.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  }

  /** The database's processor time; 0 where there is none. */
  async databaseCpuMs(): Promise<number> {
    return this.#postgres === undefined ? 0 : ((await serverCpuMs(this.#postgres.pid)) ?? 0);
  }

  memoryMb(): number {
    const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.program.pid}/status`, 'utf8'))?.[1];
    return Number(kilobytes) / 1_024;
  }

  async sql(statement: string): Promise<void> {
    await this.#query(statement);
  }

  /** What a statement that gives one number gives. */
  async count(statement: string): Promise<number> {
    const [row] = await this.#query(statement);
    return Number(Object.values(row ?? {})[0]);
  }

  async #query(statement: string): Promise<Record<string, unknown>[]> {
    if (this.#postgres === undefined) return [];
    const { host, port, user, dbName: database } = this.#postgres;
    const client = new Client({ host, port, user, database });
    await client.connect();
    const { rows } = await client.query<Record<string, unknown>>(statement);
    await client.end();
    return rows;
  }

  /** Stops whatever still runs: after a failure. */
  static async closeAll(): Promise<void> {
    for (const world of open) await world.close();
  }

  async close(): Promise<void> {
    open.delete(this);
    // A profile is written at a good end.
    this.#program?.signal(this.preload.length > 0 ? 'SIGTERM' : 'SIGKILL');
    await this.#program?.ended;
    await Promise.all([this.whatsapp.stop(), this.slack.stop(), this.#postgres?.stop()]);
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Waits until `read` gives something. */
export async function until<Value>(read: () => Value | Promise<Value>, what: string): Promise<NonNullable<Value>> {
  const endsAt = performance.now() + LONGEST_MS;
  for (;;) {
    const value = await read();
    if (value !== undefined && value !== null && value !== false) return value;
    if (performance.now() > endsAt) throw new Error(`waited in vain for ${what}`);
    await pause(20);
  }
}
