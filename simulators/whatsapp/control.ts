// The simulated WhatsApp as a process of its own, moved by small HTTP requests on loopback: for people who try the demo by hand.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  startWhatsApp,
  type CutKind,
  type MediaKind,
  type Phone,
  type Recipient,
  type StreamEnd,
  type WhatsAppSimulator,
} from './index.ts';

/** A running control interface. */
export interface Control {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  stop(): Promise<void>;
}

type Body = Readonly<Record<string, unknown>>;
type Move = (phone: Phone, body: Body) => unknown;

/**
 * Serves a simulator's moves as `POST` with a JSON body, answered in JSON:
 * `/phones {number, name, addressing?}`, `/groups {owner, subject, members}`, and under `/phones/<number>/`:
 * `scan {qr}`, `code {code}`, `unlink`, `text {to, text, quote?}`, `media {to, kind, base64, caption?, fileName?}`, `edit {to, id, text}`,
 * `revoke {to, id}`, `react {to, id, emoji}`, `read {to}`, `typing {to, state}`, `inbox`, `cut {how?}`, `end {reason}`, `refuse {reason, times?}`, `accept`.
 * `GET /` tells what exists. `to` is a phone's number or a group's JID.
 */
export async function startControl(simulator: WhatsAppSimulator, port = 0): Promise<Control> {
  const phone = (number: unknown): Phone => {
    const found = simulator.phones.find((one) => one.number === number);
    if (!found) throw new Error(`there is no phone with the number ${String(number)}`);
    return found;
  };
  const recipient = (body: Body): Recipient =>
    simulator.groups.find((group) => group.jid === body['to']) ?? phone(body['to']);

  const moves: Readonly<Record<string, Move>> = {
    scan: async (of, body) => ({ deviceId: (await of.scanQr(text(body, 'qr'))).id }),
    code: async (of, body) => ({ deviceId: (await of.enterPairingCode(text(body, 'code'))).id }),
    unlink: (of) => of.unlink(),
    text: async (of, body) => {
      const quote = body['quote'] === undefined ? {} : { quote: text(body, 'quote') };
      return { id: await of.sendText(recipient(body), text(body, 'text'), quote) };
    },
    media: async (of, body) => {
      const bytes = Buffer.from(text(body, 'base64'), 'base64');
      const details = Object.fromEntries(
        ['caption', 'fileName', 'mimetype'].filter((key) => key in body).map((key) => [key, text(body, key)]),
      );
      return { id: await of.sendMedia(recipient(body), text(body, 'kind') as MediaKind, bytes, details) };
    },
    edit: async (of, body) => ({ id: await of.edit(recipient(body), text(body, 'id'), text(body, 'text')) }),
    revoke: async (of, body) => ({ id: await of.revoke(recipient(body), text(body, 'id')) }),
    react: async (of, body) => ({ id: await of.react(recipient(body), text(body, 'id'), text(body, 'emoji')) }),
    read: (of, body) => of.markRead(recipient(body)),
    typing: (of, body) => of.typing(recipient(body), text(body, 'state') as 'composing' | 'recording' | 'paused'),
    inbox: (of) =>
      of.inbox.map(({ message: _message, reactions, ...shown }) => ({
        ...shown,
        reactions: Object.fromEntries(reactions),
      })),
    cut: (of, body) => simulator.faults.cut(of, (body['how'] ?? 'reset') as CutKind),
    end: (of, body) => simulator.faults.endStream(of, text(body, 'reason') as StreamEnd),
    refuse: (of, body) => simulator.faults.refuseLogins(of, Number(body['reason']), Number(body['times'] ?? Infinity)),
    accept: (of) => simulator.faults.acceptLogins(of),
  };

  const overview = (): unknown => ({
    url: simulator.url,
    noiseRoot: simulator.noiseRoot,
    mediaCaFile: simulator.mediaCaFile,
    phones: simulator.phones.map((one) => ({ number: one.number, name: one.name, companions: one.companions() })),
    groups: simulator.groups.map((group) => ({ jid: group.jid, subject: group.subject })),
  });

  const answer = async (path: readonly string[], body: Body): Promise<unknown> => {
    const [noun, number, verb] = path;
    if (noun === undefined) return overview();
    if (noun === 'phones' && number === undefined) {
      const addressing = body['addressing'] === 'pn' ? 'pn' : 'lid';
      const made = simulator.createPhone({ number: text(body, 'number'), name: text(body, 'name'), addressing });
      return { number: made.number, jid: made.jid, lid: made.lid };
    }
    if (noun === 'groups') {
      const members = (body['members'] as unknown[]).map(phone);
      return { jid: simulator.createGroup(phone(body['owner']), text(body, 'subject'), members).jid };
    }
    const move = noun === 'phones' && verb !== undefined ? moves[verb] : undefined;
    if (!move) throw new Error(`there is no ${path.join('/')}`);
    return (await move(phone(number), body)) ?? {};
  };

  const server = createServer((request, response) => {
    serve(request, response, answer).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => closeServer(server),
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (path: readonly string[], body: Body) => Promise<unknown>,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const path = (request.url ?? '/').split('/').filter((part) => part !== '');
  let status = 200;
  let result: unknown;
  try {
    result = await answer(path, JSON.parse(Buffer.concat(chunks).toString() || '{}') as Body);
  } catch (error) {
    status = 400;
    result = { error: error instanceof Error ? error.message : String(error) };
  }
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(result)}\n`);
}

function text(body: Body, key: string): string {
  const value = body[key];
  if (typeof value !== 'string') throw new Error(`"${key}" must be a text`);
  return value;
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

// Run as a program: `node simulators/whatsapp/control.ts [port] [control port]`; prints one JSON line when ready, stops on SIGTERM or SIGINT.
if (import.meta.main) {
  const [port = 0, controlPort = 0] = process.argv.slice(2).map(Number);
  const simulator = await startWhatsApp({ port });
  const control = await startControl(simulator, controlPort);
  const { url, noiseRoot, mediaCaFile } = simulator;
  console.log(JSON.stringify({ url, noiseRoot, mediaCaFile, control: control.url }));
  const stop = (): void => {
    Promise.all([control.stop(), simulator.stop()]).catch((error: unknown) => console.error(error));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}
