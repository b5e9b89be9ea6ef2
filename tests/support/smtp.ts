// A small SMTP server on loopback: keeps what it's handed, and refuses, waits or hangs up where a test says so.
import { createServer, type Server, type Socket } from 'node:net';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** As it came: headers, an empty line, the text. */
  readonly raw: string;
  /** The text, quoted-printable undone. */
  readonly text: string;
}

/** What the server answers to a command (`RCPT TO:<x@y.z>`, `.` for the end of a mail); undefined: what a willing server says; `HANG_UP`: nothing more. */
export type Script = (line: string) => string | undefined;
export const HANG_UP = 'hang up';

export class MailServer {
  readonly mails: ReceivedMail[] = [];
  /** Every line that clients said, bodies left out. */
  readonly heard: string[] = [];
  script: Script = () => undefined;
  #server: Server | undefined;
  #port = 0;
  readonly #sockets = new Set<Socket>();

  get url(): string {
    return `smtp://127.0.0.1:${this.#port}`;
  }

  mailsTo(address: string): ReceivedMail[] {
    return this.mails.filter(({ to }) => to.includes(address));
  }

  /** Listens; after `stop`, again on the same port. */
  async start(): Promise<void> {
    const server = createServer((socket) => this.#serve(socket));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(this.#port, '127.0.0.1', resolve);
    });
    const address = server.address();
    if (typeof address === 'object' && address !== null) this.#port = address.port;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => undefined);
    let [rest, from, body]: [string, string, string[] | undefined] = ['', '', undefined];
    let to: string[] = [];
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    const answer = (line: string, usual: string): boolean => {
      const scripted = this.script(line);
      if (scripted === HANG_UP) socket.destroy();
      else say(scripted ?? usual);
      return scripted === undefined;
    };
    const take = (line: string): void => {
      if (body !== undefined) {
        if (line !== '.') return void body.push(line.replace(/^\.\./, '.'));
        const raw = body.join('\r\n');
        body = undefined;
        if (answer('.', '250 taken')) this.mails.push({ from, to, raw, text: textOf(raw) });
        return;
      }
      this.heard.push(line);
      const address = /<([^>]*)>/.exec(line)?.[1] ?? '';
      const verb = line.slice(0, 4).toUpperCase();
      if (verb === 'EHLO') answer(line, '250-sink\r\n250 AUTH PLAIN');
      else if (verb === 'MAIL') {
        if (answer(line, '250 ok')) [from, to] = [address, []];
      } else if (verb === 'RCPT') {
        if (answer(line, '250 ok')) to.push(address);
      } else if (verb === 'DATA') {
        if (answer(line, '354 go on')) body = [];
      } else if (verb === 'AUTH') answer(line, '235 welcome');
      else if (verb === 'QUIT') socket.end('221 bye\r\n');
      else answer(line, '250 ok');
    };
    socket.setEncoding('utf8').on('data', (part) => {
      const lines = (rest + String(part)).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) take(line);
    });
    say('220 sink');
  }
}

function textOf(raw: string): string {
  const body = raw.slice(raw.indexOf('\r\n\r\n') + 4);
  if (/^content-transfer-encoding: base64/im.test(raw)) return Buffer.from(body, 'base64').toString();
  const bytes = body
    .replaceAll('=\r\n', '')
    .replaceAll(/=([\dA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return /^content-transfer-encoding: quoted-printable/im.test(raw) ? Buffer.from(bytes, 'latin1').toString() : body;
}
