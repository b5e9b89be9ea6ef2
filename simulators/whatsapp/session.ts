// One WebSocket connection: frames, handshake, login, and from then on stanzas in both directions.
import type { Socket } from 'node:net';
import { decodeBinaryNode, encodeBinaryNode, type KeyPair } from '@whiskeysockets/baileys';
import type { RawData, WebSocket } from 'ws';
import type { CertificateAuthority } from './certificates.ts';
import type { CompanionDevice, Link } from './companion.ts';
import { streamEnd, type BreakableLink, type CutKind, type Faults } from './faults.ts';
import type { IqDesk } from './iq.ts';
import type { Linking, UnlinkedLink } from './linking.ts';
import type { Directory } from './directory.ts';
import { CompanionDevice as Companion } from './companion.ts';
import { node, secondsNow, SERVER, type BinaryNode } from './nodes.ts';
import { ServerNoise, type ClientFinish } from './noise.ts';
import type { ObservationLog } from './observations.ts';
import type { Router } from './router.ts';

/** The whole server, as far as a connection needs it. */
export interface ServerParts {
  readonly staticKey: KeyPair;
  readonly authority: CertificateAuthority;
  readonly faults: Faults;
  readonly linking: Linking;
  readonly directory: Directory;
  readonly router: Router;
  readonly desk: IqDesk;
  readonly log: ObservationLog;
  /** Called with the name of a stanza nobody here knows. */
  unknown(name: string): void;
}

/** The client switches to its transport keys only after its send returns; an earlier first frame would be lost. */
const FIRST_FRAME_DELAY_MS = 20;
const PREAMBLE = 0x45;

/** A connection from its first byte to its end. */
export class Session implements Link, UnlinkedLink, BreakableLink {
  readonly #parts: ServerParts;
  readonly #socket: WebSocket;
  readonly #tcp: Socket;
  #buffer: Buffer = Buffer.alloc(0);
  #noise: ServerNoise | undefined;
  #step: 'hello' | 'finish' | 'open' | 'closed' = 'hello';
  #finish: ClientFinish | undefined;
  #device: CompanionDevice | undefined;
  #isMute = false;
  #work: Promise<void> = Promise.resolve();

  constructor(socket: WebSocket, tcp: Socket, parts: ServerParts) {
    this.#parts = parts;
    this.#socket = socket;
    this.#tcp = tcp;
    socket.on('message', (data) => this.#receive(data));
    socket.on('close', () => this.#closed());
    socket.on('error', () => this.#tcp.destroy());
  }

  get noiseKey(): Buffer {
    return this.#clientFinish().noiseKey;
  }

  get pairing(): UnlinkedLink['pairing'] {
    return this.#clientFinish().payload.devicePairingData ?? {};
  }

  send(stanza: BinaryNode): void {
    if (this.#step !== 'open' || this.#isMute || !this.#noise) return;
    const device = this.#device;
    if (device) this.#parts.log.add(device.account.number, { kind: 'sent', deviceId: device.id, stanza });
    this.#write(this.#noise.seal(encodeBinaryNode(stanza)));
  }

  /** Ends the stream with an error and closes. */
  end(stanza: BinaryNode): void {
    this.send(stanza);
    this.#socket.close();
  }

  restart(): void {
    this.end(streamEnd('restart'));
  }

  destroy(): void {
    this.#closed();
    this.#tcp.destroy();
  }

  cut(how: CutKind): void {
    switch (how) {
      case 'reset':
        return this.destroy();
      case 'mid-frame': {
        const announced = Buffer.from([0x82, 126, 0x01, 0x00]);
        this.#tcp.write(Buffer.concat([announced, Buffer.alloc(40)]), () => this.destroy());
        return;
      }
      case 'half-open':
        this.#isMute = true;
        this.#socket.pause();
        if (this.#device) this.#device.detach(this);
    }
  }

  #receive(data: RawData): void {
    if (this.#isMute || this.#step === 'closed') return;
    const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer);
    this.#buffer = Buffer.concat([this.#buffer, bytes]);
    try {
      if (!this.#noise && !this.#readIntro()) return;
      for (;;) {
        if (this.#buffer.length < 3) return;
        const length = this.#buffer.readUIntBE(0, 3);
        if (this.#buffer.length < 3 + length) return;
        const frame = this.#buffer.subarray(3, 3 + length);
        this.#buffer = this.#buffer.subarray(3 + length);
        this.#frame(frame);
      }
    } catch {
      this.destroy(); // a client we can't understand is a client with the wrong keys: WhatsApp hangs up on it
    }
  }

  /** "WA", version, dictionary; before it, when the client remembers a route, `ED 00 01 <length> <route>`. */
  #readIntro(): boolean {
    let start = 0;
    if (this.#buffer[0] === PREAMBLE) {
      if (this.#buffer.length < 7) return false;
      start = 7 + this.#buffer.readUIntBE(4, 3);
    }
    if (this.#buffer.length < start + 4) return false;
    this.#noise = new ServerNoise(this.#parts.staticKey, this.#buffer.subarray(start, start + 4));
    this.#buffer = this.#buffer.subarray(start + 4);
    return true;
  }

  #frame(frame: Buffer): void {
    const noise = this.#noise;
    if (!noise) return;
    switch (this.#step) {
      case 'hello': {
        const chain = this.#parts.authority.chain(this.#parts.staticKey.public, this.#parts.faults.certificate);
        this.#write(noise.hello(frame, chain));
        this.#step = 'finish';
        return;
      }
      case 'finish':
        this.#finish = noise.finish(frame);
        this.#step = 'open';
        setTimeout(() => this.#welcome(), FIRST_FRAME_DELAY_MS);
        return;
      case 'open': {
        const plain = noise.open(frame);
        this.#work = this.#work
          .then(async () => this.#stanza(await decodeBinaryNode(plain)))
          .catch((error: unknown) => this.#parts.unknown(`failed on a stanza: ${String(error)}`));
        return;
      }
      case 'closed':
    }
  }

  #welcome(): void {
    if (this.#step !== 'open') return;
    const { payload, noiseKey } = this.#clientFinish();
    if (payload.devicePairingData) return this.#parts.linking.offer(this);
    const account = this.#parts.directory.byNumber(String(payload.username));
    const deviceId = payload.device ?? 0;
    const device = account?.devices.get(deviceId);
    if (!account || !(device instanceof Companion) || !device.noiseKey.equals(noiseKey)) {
      return this.#refuse(String(payload.username), deviceId, 401);
    }
    const refusal = this.#parts.faults.of(account).takeRefusal();
    if (refusal !== undefined) return this.#refuse(account.number, deviceId, refusal);
    const earlier = device.link;
    if (earlier instanceof Session) earlier.end(streamEnd('replaced'));
    this.#device = device;
    device.attach(this);
    this.#parts.faults.attach(device, this);
    this.#parts.log.add(account.number, { kind: 'connected', deviceId });
    this.send(
      node('success', {
        t: secondsNow(),
        lid: account.jid('lid', deviceId),
        companion_enc_static: '',
        location: 'odn',
      }),
    );
  }

  #refuse(number: string, deviceId: number, reason: number): void {
    this.#parts.log.add(number, { kind: 'login-refused', deviceId, reason });
    this.end(node('failure', { reason: String(reason), location: 'odn' }));
  }

  async #stanza(stanza: BinaryNode): Promise<void> {
    const device = this.#device;
    if (!device) {
      const answer = this.#parts.linking.receive(this, stanza);
      if (answer) this.send(answer);
      return;
    }
    const { router, log, desk } = this.#parts;
    log.add(device.account.number, { kind: 'received', deviceId: device.id, stanza });
    switch (stanza.tag) {
      case 'iq': {
        const answer = await desk.answer(device, stanza);
        if (answer) this.send(answer);
        if (stanza.attrs['xmlns'] === 'passive') device.replay();
        return;
      }
      case 'message':
        return this.#message(device, stanza);
      case 'receipt': {
        const { id, to, type, participant } = stanza.attrs;
        if (type !== 'retry') device.acknowledge(stanza);
        this.send(node('ack', { class: 'receipt', id, from: to, type, participant, t: secondsNow() }));
        return router.receipt(device, stanza);
      }
      case 'ack':
        return device.acknowledge(stanza);
      case 'chatstate':
        return router.chatState(device, stanza);
      case 'call':
        return this.send(node('ack', { class: 'call', id: stanza.attrs['id'], from: stanza.attrs['to'] }));
      case 'presence':
      case 'ib':
        return;
      default:
        this.#parts.unknown(stanza.tag);
    }
  }

  #message(device: CompanionDevice, stanza: BinaryNode): void {
    const { router, faults } = this.#parts;
    const { id = '', to = SERVER, participant } = stanza.attrs;
    const ack = (error?: number): void =>
      this.send(
        node('ack', { class: 'message', id, from: to, participant, t: secondsNow(), error: error?.toString() }),
      );
    const isResend = stanza.attrs['device_fanout'] !== undefined || participant !== undefined;
    if (!isResend) device.remember(id, to);
    const fault = router.fault(device, stanza);
    if (fault !== undefined) return ack(fault);
    if (device.takeResend(id) || stanza.attrs['category'] === 'peer' || isResend) {
      ack();
      return router.message(device, stanza);
    }
    const policy = faults.of(device.account).takeAck();
    switch (policy.kind) {
      case 'prompt':
        ack();
        return router.message(device, stanza);
      case 'delay':
        router.message(device, stanza);
        setTimeout(() => ack(), policy.delayMs).unref();
        return;
      case 'withhold':
        return router.message(device, stanza);
      case 'lose':
        return;
      case 'refuse':
        return ack(policy.code);
      case 'cut':
        router.message(device, stanza);
        return this.destroy();
    }
  }

  #write(frame: Uint8Array): void {
    const length = Buffer.alloc(3);
    length.writeUIntBE(frame.length, 0, 3);
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(Buffer.concat([length, frame]));
  }

  #closed(): void {
    if (this.#step === 'closed') return;
    this.#step = 'closed';
    this.#parts.linking.withdraw(this);
    const device = this.#device;
    if (!device) return;
    device.detach(this);
    this.#parts.log.add(device.account.number, { kind: 'disconnected', deviceId: device.id });
  }

  #clientFinish(): ClientFinish {
    if (!this.#finish) throw new Error('the handshake is not over');
    return this.#finish;
  }
}
