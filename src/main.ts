// The composition root: reads the settings, builds and wires every part, starts them, and stops them in reverse.
import { Access } from './access/access.ts';
import { AuditChain } from './access/audit-chain.ts';
import { createWebServer, type Health } from './admin-web/server/app.ts';
import { mediaPath } from './admin-web/server/media.ts';
import { Bridge } from './bridge/bridge.ts';
import { Hearing } from './bridge/hearing.ts';
import { Listening } from './bridge/listening.ts';
import { postDigest, remind, showCards } from './bridge/lanes.ts';
import type { Outcome } from './bridge/outbound.ts';
import { Commands } from './commands/commands.ts';
import { consoleLinkOption, linkOnConsole } from './commands/console-link.ts';
import { commandTree } from './commands/tree.ts';
import { readConfig, type Config } from './config.ts';
import type { PlatformEvent } from './domain/events.ts';
import type { MessageId, WorkspaceId } from './domain/ids.ts';
import { Metrics } from './metrics/metrics.ts';
import type { ChatPlatform } from './platforms/platform.ts';
import { createWhatsApp } from './platforms/whatsapp/index.ts';
import { Lease } from './runtime/lease.ts';
import { createLog, type Log } from './runtime/log.ts';
import { createMailer, senderOf, type Mail } from './runtime/mail.ts';
import { stopAll, type Part } from './runtime/parts.ts';
import { startPostgres } from './runtime/postgres.ts';
import { processName } from './runtime/process-name.ts';
import { loadKey, Vault } from './runtime/secrets.ts';
import { systemClock as clock } from './runtime/time.ts';
import { prepareStore, sentenceFor, untilDone } from './start.ts';
import type { DigestId } from './store/digest.ts';
import { Store } from './store/store.ts';
import { Tickets } from './tickets/tickets.ts';

const FILE_LINK_LIFE_MS = 7 * 24 * 60 * 60_000;

const mailer = (url: string, publicUrl: string): ((mail: Mail) => Promise<void>) =>
  createMailer({ url, from: senderOf(url, publicUrl) }).send;

interface Ground {
  readonly config: Config;
  readonly log: Log;
  readonly store: Store;
  readonly vault: Vault;
  readonly lease: Lease;
}

/** What this process does while it holds the lease. */
interface Term {
  readonly bridge: Bridge;
  readonly access: Access;
  readonly tickets: Tickets;
  readonly metrics: Metrics;
  readonly listening: ReadonlyMap<WorkspaceId, Listening>;
  readonly platforms: ReadonlyMap<WorkspaceId, ChatPlatform>;
  readonly parts: readonly Part[];
}

/** What every adapter of a Workspace gets beside its own settings. */
interface Shared {
  readonly publicUrl: string;
  readonly clock: typeof clock;
  readonly log: Log;
  /** To be asked right before anything is sent that others see for good: another process may have taken over. */
  readonly mayAct: () => boolean;
}

type Create = (shared: Shared) => Promise<ChatPlatform>;

/**
 * A platform: how its settings make an adapter; undefined when they name no Workspace of it, and then its SDK isn't loaded either (each a sixth of
 * the processor time of loading the program). A further one is a line more.
 */
const PLATFORMS: Readonly<Record<string, (config: Config) => Create | undefined>> = {
  slack: ({ slack: { bot, ...rest } }) =>
    bot && (async (shared) => (await import('./platforms/slack/index.ts')).createSlack({ ...rest, ...bot, ...shared })),
  discord: ({ discord: { bot, ...rest } }) =>
    bot &&
    (async (shared) => (await import('./platforms/discord/index.ts')).createDiscord({ ...rest, ...bot, ...shared })),
};

/** One adapter for each Workspace that the settings name. */
async function createPlatforms({ config, store, log, lease }: Ground): Promise<Map<WorkspaceId, ChatPlatform>> {
  const { publicUrl } = config;
  const platforms = new Map<WorkspaceId, ChatPlatform>();
  for (const [name, of] of Object.entries(PLATFORMS)) {
    const create = of(config);
    if (create === undefined) continue;
    const { id } = await store.read.workspaces.fromEnvironment(name, clock.now());
    platforms.set(
      id,
      await create({ publicUrl, clock, log: log.child({ workspaceId: id }), mayAct: () => lease.valid() }),
    );
  }
  return platforms;
}

function createMessenger({ config, store, vault, log }: Ground) {
  const { websocketUrl, noiseRoot } = config.whatsapp;
  const root = noiseRoot === undefined ? {} : { noiseRoot: Buffer.from(noiseRoot).toString('hex') };
  const endpoint = websocketUrl === undefined ? {} : { endpoint: { url: websocketUrl, ...root } };
  return createWhatsApp({ sessions: store.sessions(vault), clock, log, ...endpoint });
}

/** With another key than at the last start, everything sealed is sealed again: then the previous key may be forgotten. */
async function endChangeOfKeys({ store, vault, log }: Ground): Promise<void> {
  const check = await store.read.settings.get('key-check');
  if (typeof check !== 'string' || !vault.needsReseal(Buffer.from(check, 'base64'))) return;
  const rowCount = await store.reseal(vault);
  await store.read.settings.set('key-check', vault.sealCheck().toString('base64'), clock.now());
  log.info({ rowCount }, 'everything is sealed with the new key now; ENCRYPTION_KEY_PREVIOUS is not needed any more');
}

function createTickets({ store }: Ground, access: Access): Tickets {
  const tickets = new Tickets({
    store,
    clock,
    refusal: async (tx, agentId, chatId, now) => {
      const decision = await access.decide(tx, agentId, chatId, now);
      return decision.allowed ? undefined : decision.sentence;
    },
    showCard: showCards,
  });
  access.onDeactivate(tickets.releaseOf);
  return tickets;
}

function createMetrics({ store, log }: Ground, access: Access): Metrics {
  return new Metrics({
    store,
    clock,
    log,
    postDigest,
    nudge: async (tx, nudge, now) => {
      const { assigneeId, chatId } = nudge;
      const isTheirs = assigneeId !== null && (await access.decide(tx, assigneeId, chatId, now)).allowed;
      await remind(tx, { ...nudge, assigneeId: isTheirs ? assigneeId : null }, now);
    },
    channelText: () => access.phonesFor('channel'),
  });
}

/** Builds and starts all that only the one working process may do. */
async function startTerm(ground: Ground): Promise<Term> {
  const { config, log, store, vault, lease } = ground;
  await endChangeOfKeys(ground);
  for (const email of config.adminEmails) await store.read.agents.ensureAdmin(email, clock.now());
  const platforms = await createPlatforms(ground);
  const access = new Access({
    store,
    platforms,
    clock,
    log,
    mayAct: () => lease.valid(),
    publicUrl: config.publicUrl,
    links: vault,
    ...(config.smtpUrl === undefined ? {} : { sendMail: mailer(config.smtpUrl, config.publicUrl) }),
  });
  const tickets = createTickets(ground, access);
  const metrics = createMetrics(ground, access);
  const auditChain = new AuditChain({ store, clock, log });
  const linkToFile = (messageId: MessageId) =>
    `${config.publicUrl}${mediaPath(vault, messageId, new Date(clock.now().getTime() + FILE_LINK_LIFE_MS))}`;
  const messenger = createMessenger(ground);
  const digestPost = (id: DigestId) => metrics.post(id);
  const bridge = new Bridge({
    store,
    messenger,
    platforms,
    access,
    tickets,
    digestPost,
    lease,
    clock,
    log,
    linkToFile,
  });
  const commands = new Commands({
    store,
    bridge,
    access,
    tickets,
    metrics,
    clock,
    answer: async (workspaceId, ref, answer) => platforms.get(workspaceId)?.answer(ref, answer),
  });

  const record = async (workspaceId: WorkspaceId, event: PlatformEvent): Promise<Outcome> => {
    switch (event.kind) {
      case 'said':
      case 'edited':
      case 'deleted':
      case 'reacted':
        return bridge.heard(workspaceId, event);
      case 'joined':
      case 'left':
      case 'channelChanged':
      case 'userChanged':
        await access.handle(workspaceId, event);
        return 'recorded';
      case 'asked':
        return 'ignored';
    }
  };
  const hearing = new Hearing({ store, clock, log, record });
  const listening = new Map<WorkspaceId, Listening>();
  const parts: Part[] = [];
  const start = async (name: string, part: { start(): void | Promise<void>; stop(): Promise<void> }) => {
    parts.push({ name, stop: () => part.stop() });
    await part.start();
  };
  try {
    await start('bridge', bridge);
    await start('access', access);
    await start('audit chain', auditChain);
    await start('metrics', metrics);
    // Before the first round: what an earlier life stored may be newer than what it was told in vain.
    for (const workspaceId of platforms.keys()) hearing.holdBack(workspaceId);
    await start('hearing', hearing);
    for (const [workspaceId, platform] of platforms) {
      const ear = new Listening({
        workspaceId,
        platform,
        store,
        hearing,
        commands: commandTree,
        asked: (request) => commands.handle(workspaceId, request),
        clock,
        log,
      });
      listening.set(workspaceId, ear);
      await start(platform.name, ear);
    }
  } catch (error) {
    await stopAll(parts, { clock, log });
    throw error;
  }
  return { bridge, access, tickets, metrics, listening, platforms, parts };
}

async function run(): Promise<void> {
  const config = readConfig(process.env);
  const log = createLog({ level: config.logLevel });
  const stopping = new AbortController();
  const parts: Part[] = [];
  let phase: Health['phase'] = 'starting';
  let term: Term | undefined;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      phase = 'stopping';
      stopping.abort();
    });
  }
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'a promise was left alone'));

  const { keys, wasMade, file } = await loadKey({
    env: config.encryptionKey,
    previous: config.encryptionKeyPrevious,
    dataDir: config.dataDir,
  });
  if (wasMade)
    log.warn({ file }, 'an encryption key was made: keep a safe copy, nothing stored can be read without it');
  const vault = new Vault(keys);
  try {
    let address = config.database;
    if (address === undefined) {
      const postgres = await startPostgres({ dataDir: config.dataDir, log });
      parts.push({ name: 'postgres', stop: () => postgres.stop() });
      address = postgres;
    }
    const store = Store.create({ address });
    parts.push({ name: 'store', stop: () => store.close() });
    const lease = new Lease({ query: store.query, name: 'switchboard', owner: processName(), clock, log });
    const now = (): Term => {
      if (term === undefined) throw new Error('asked for a facade while not at work');
      return term;
    };
    const web = createWebServer({
      config,
      store,
      vault,
      clock,
      log,
      // Asked anew with each request: another term has other facades.
      get bridge() {
        return now().bridge;
      },
      get access() {
        return now().access;
      },
      get tickets() {
        return now().tickets;
      },
      get metrics() {
        return now().metrics;
      },
      setupProblems: (workspaceId) => term?.listening.get(workspaceId)?.problems ?? [],
      health: () => ({ phase }),
      platforms: () => term?.platforms.values() ?? [],
    });
    const { url, port } = await web.listen();
    parts.push({ name: 'web', stop: () => web.close() });
    log.info({ url, port }, 'listening');
    const { signal } = stopping;
    const place = address;
    await untilDone(() => prepareStore(store, place, vault, log, signal), log, signal);
    store.writeOnlyInTurn(lease);

    const ground: Ground = { config, log, store, vault, lease };
    const takeTurn = async (): Promise<Term | undefined> => {
      phase = 'standing_by';
      if (!(await lease.acquire(signal))) return undefined;
      try {
        return await startTerm(ground);
      } catch (error) {
        await lease.release();
        throw error;
      }
    };
    const link = consoleLinkOption(process.argv.slice(2));
    while (!signal.aborted) {
      term = await untilDone(takeTurn, log, signal);
      if (term === undefined) break;
      phase = 'ready';
      log.info({}, 'at work');
      const over = AbortSignal.any([signal, lease.lost]);
      if (link !== undefined) {
        const write = (text: string) => void process.stdout.write(text);
        await linkOnConsole({ bridge: term.bridge, store, clock, write }, link.phone, over).catch((error: unknown) =>
          log.error({ err: error }, 'the number was not linked: start again with --link, or link it in the admin web'),
        );
      }
      await ended(over);
      if (!signal.aborted) phase = 'standing_by';
      log.info({}, signal.aborted ? 'stopping' : 'another process took over; standing by');
      await stopAll(term.parts, { clock, log });
      term = undefined;
      if (signal.aborted) await lease.release();
    }
  } finally {
    await stopAll(parts, { clock, log });
  }
}

async function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

try {
  await run();
  process.exit(0);
} catch (error) {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${sentenceFor(error) ?? stack}\n`);
  process.exit(1);
}
