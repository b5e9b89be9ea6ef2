// A real, unmodified Baileys client for tests of the WhatsApp simulator: credentials in memory, media over the simulator's own certificate.
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import {
  initAuthCreds,
  makeCacheableSignalKeyStore,
  makeWASocket,
  type AuthenticationCreds,
  type BinaryNode,
  type SignalKeyStore,
  type UserFacingSocketConfig,
  type WAMessage,
  type WAMessageUpdate,
  type WASocket,
} from '@whiskeysockets/baileys';
import { pino } from 'pino';
import type { WhatsAppSimulator } from '../../../simulators/whatsapp/index.ts';
import { memoryStore } from '../../../simulators/whatsapp/signal.ts';

const logger = pino({ level: process.env['BAILEYS_LOG'] ?? 'silent' });

/** Makes this process trust the simulator's media host, as NODE_EXTRA_CA_CERTS does for a process of its own. */
function trust(certificate: string): void {
  const trusted = getCACertificates('default');
  if (!trusted.includes(certificate)) setDefaultCACertificates([...trusted, certificate]);
}

/** What one socket went through; `close` is the status code it ended with. */
export interface Run {
  readonly socket: WASocket;
  readonly qr: string[];
  readonly messages: WAMessage[];
  readonly updates: WAMessageUpdate[];
  isOpen: boolean;
  closeCode: number | undefined;
}

/** A companion with lasting credentials; every `connect` makes a new socket, as a restart would. */
export class Client {
  readonly creds: AuthenticationCreds = initAuthCreds();
  readonly runs: Run[] = [];
  readonly #keys: SignalKeyStore = memoryStore();
  readonly #url: string;

  constructor(simulator: { readonly url: string; readonly mediaCa?: string }) {
    this.#url = simulator.url;
    if (simulator.mediaCa !== undefined) trust(simulator.mediaCa);
  }

  get last(): Run {
    const run = this.runs.at(-1);
    if (!run) throw new Error('never connected');
    return run;
  }

  get socket(): WASocket {
    return this.last.socket;
  }

  connect(config: Partial<UserFacingSocketConfig> = {}): Run {
    const socket = makeWASocket({
      waWebSocketUrl: this.#url,
      auth: { creds: this.creds, keys: makeCacheableSignalKeyStore(this.#keys, logger) },
      logger,
      defaultQueryTimeoutMs: 15_000,
      retryRequestDelayMs: 10,
      ...config,
    });
    const run: Run = { socket, qr: [], messages: [], updates: [], isOpen: false, closeCode: undefined };
    socket.ev.on('creds.update', (update) => Object.assign(this.creds, update));
    socket.ev.on('messages.upsert', ({ messages }) => run.messages.push(...messages));
    socket.ev.on('messages.update', (updates) => run.updates.push(...updates));
    socket.ev.on('connection.update', ({ connection, qr, lastDisconnect }) => {
      if (qr !== undefined) run.qr.push(qr);
      if (connection === 'open') run.isOpen = true;
      if (connection !== 'close') return;
      run.isOpen = false;
      const error = lastDisconnect?.error as { output?: { statusCode?: number } } | undefined;
      run.closeCode = error?.output?.statusCode ?? 0;
    });
    this.runs.push(run);
    return run;
  }

  /** Logs in with the saved credentials and waits until the connection is open. */
  async login(config: Partial<UserFacingSocketConfig> = {}): Promise<Run> {
    const run = this.connect(config);
    await until(() => run.isOpen || run.closeCode !== undefined);
    return run;
  }

  async disconnect(): Promise<void> {
    const run = this.runs.at(-1);
    if (!run || run.closeCode !== undefined) return;
    await run.socket.end(undefined);
    await until(() => run.closeCode !== undefined);
  }

  async close(): Promise<void> {
    await this.disconnect();
  }

  /** The server's ack for a message; listen before sending. */
  async ack(id: string): Promise<BinaryNode> {
    return new Promise((resolve) => {
      const { ws } = this.socket;
      const listener = (node: BinaryNode): void => {
        if (node.attrs['id'] !== id) return;
        ws.off('CB:ack,class:message', listener);
        resolve(node);
      };
      ws.on('CB:ack,class:message', listener);
    });
  }
}

/** Links a new client by QR and logs it in. */
export async function linkByQr(
  simulator: WhatsAppSimulator,
  scan: (qr: string) => Promise<unknown>,
  config: Partial<UserFacingSocketConfig> = {},
): Promise<Client> {
  const client = new Client(simulator);
  const run = client.connect(config);
  await until(() => run.qr.length > 0);
  await scan(run.qr[0] ?? '');
  await until(() => run.closeCode !== undefined);
  await client.login(config);
  return client;
}

/** Waits for a state, looking every few milliseconds; rejects after `timeoutMs`. */
export async function until(condition: () => boolean, timeoutMs = 15_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The text a message shows. */
export function bodyOf(message: WAMessage): string {
  return message.message?.conversation ?? message.message?.extendedTextMessage?.text ?? '';
}
