// The simulated WhatsApp: one WebSocket server, one media host, and the phones of everybody on it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Curve } from '@whiskeysockets/baileys';
import { WebSocketServer } from 'ws';
import { CertificateAuthority } from './certificates.ts';
import type { CompanionDevice } from './companion.ts';
import { Account, Directory } from './directory.ts';
import { Faults } from './faults.ts';
import { Groups, type Group } from './groups.ts';
import { IqDesk } from './iq.ts';
import { Linking } from './linking.ts';
import { MediaHost } from './media.ts';
import type { Addressing } from './nodes.ts';
import { ObservationLog, type Observation } from './observations.ts';
import { Phone } from './phone.ts';
import { quietLibsignal } from './quiet.ts';
import { Router } from './router.ts';
import { Session, type ServerParts } from './session.ts';
import { localhostCertificate } from './tls.ts';

export type { AckPolicy, CutKind, Faults, MediaFault, StreamEnd } from './faults.ts';
export type { CertificateMode } from './certificates.ts';
export type { Group } from './groups.ts';
export type { ReceivedMessage } from './inbox.ts';
export type { MediaDetails, MediaKind } from './compose.ts';
export type { Observation } from './observations.ts';
export type { LinkedCompanion } from './linked-devices.ts';
export type { OldMessage } from './past.ts';
export type { Phone, Recipient, TextOptions } from './phone.ts';

/** A running simulated WhatsApp. */
export interface WhatsAppSimulator {
  /** `ws://127.0.0.1:port/ws/chat`, for the client's `waWebSocketUrl`. */
  readonly url: string;
  /** The public key the certificate chain goes back to, 32 bytes in hex. */
  readonly noiseRoot: string;
  /** The media host's certificate as a PEM file, for NODE_EXTRA_CA_CERTS; the same text is `mediaCa`. */
  readonly mediaCaFile: string;
  readonly mediaCa: string;
  readonly media: MediaHost;
  readonly faults: Faults;
  /** All phones and groups, in the order they were made. */
  readonly phones: readonly Phone[];
  readonly groups: readonly Group[];
  /** Everything seen and done, in order. */
  readonly history: readonly Observation[];
  /** Names of stanzas and queries nobody here knows; a test fails on any. */
  readonly unknown: readonly string[];
  /** A new account and its phone. `number` is digits only, with country code; `addressing` is how others' companions see it (LID unless told otherwise). */
  createPhone(options: { readonly number: string; readonly name: string; readonly addressing?: Addressing }): Phone;
  createGroup(owner: Phone, subject: string, members: readonly Phone[], addressing?: Addressing): Group;
  /** The first observation the predicate accepts, past ones included; rejects after `timeoutMs`. */
  observed(accept: (entry: Observation) => boolean, timeoutMs?: number): Promise<Observation>;
  /** Ends every connection and removes the files it made. */
  stop(): Promise<void>;
}

/** Starts one on loopback; port 0, the default, picks a free one. */
export async function startWhatsApp(options: { readonly port?: number } = {}): Promise<WhatsAppSimulator> {
  const unquiet = quietLibsignal();
  const folder = await mkdtemp(join(tmpdir(), 'whatsapp-simulator-'));
  const certificate = localhostCertificate();
  const mediaCaFile = join(folder, 'media-ca.pem');
  await writeFile(mediaCaFile, certificate.certificate);

  const log = new ObservationLog();
  const unknown: string[] = [];
  const note = (name: string): void => {
    unknown.push(name);
  };
  const directory = new Directory();
  const faults = new Faults(directory, (account, fault) => log.add(account, { kind: 'fault', fault }));
  const groups = new Groups(directory);
  const router = new Router(directory, groups);
  const linking = new Linking(directory, faults);
  const media = new MediaHost(certificate, faults);
  await media.start();
  const phones: Phone[] = [];
  const unlink = (device: CompanionDevice): void => {
    phones.find((phone) => phone.account === device.account)?.unlink(device.id);
  };
  const desk = new IqDesk({ directory, groups, faults, mediaHost: () => media.host, unlink, unknown: note });
  const authority = new CertificateAuthority();
  const staticKey = Curve.generateKeyPair();
  const parts: ServerParts = { staticKey, authority, faults, linking, directory, router, desk, log, unknown: note };

  const http = createServer((_request, response) => response.writeHead(404).end());
  const sockets = new WebSocketServer({ server: http });
  sockets.on('connection', (socket, request) => new Session(socket, request.socket, parts));
  await listen(http, options.port ?? 0);

  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/ws/chat`,
    noiseRoot: Buffer.from(authority.root.public).toString('hex'),
    mediaCaFile,
    mediaCa: certificate.certificate,
    media,
    faults,
    phones,
    get groups() {
      return groups.all;
    },
    history: log.entries,
    unknown,
    createPhone: ({ number, name, addressing = 'lid' }) => {
      const account = new Account(number, name, addressing);
      directory.add(account);
      const phone = new Phone(account, { directory, groups, linking, router, media, log });
      phones.push(phone);
      return phone;
    },
    createGroup: (owner, subject, members, addressing = 'lid') => {
      const accounts = members.map((member) => member.account);
      return groups.create(owner.account, subject, accounts, addressing);
    },
    observed: async (accept, timeoutMs) => log.first(accept, timeoutMs),
    stop: async () => {
      for (const socket of sockets.clients) socket.terminate();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
      await media.stop();
      for (const phone of phones) phone.close();
      await rm(folder, { recursive: true, force: true });
      unquiet();
    },
  };
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}
