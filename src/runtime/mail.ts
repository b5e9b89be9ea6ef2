// Mail: one message at a time is handed to the server of SMTP_URL, and its answer is told.
import { createTransport } from 'nodemailer';

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export interface Mailer {
  /** Resolves when the server has taken the mail. Rejects with a MailError. */
  send(mail: Mail): Promise<void>;
}

/** A mail that wasn't taken. `message` is for logs; `sentence` for an admin. Neither holds an address or a password. */
export class MailError extends Error {
  override readonly name = 'MailError';
  readonly sentence: string;
  /** `never`: a person must mend something first. */
  readonly retry: 'later' | 'never';
  /** False: the server may have taken it all the same. */
  readonly certain: boolean;

  constructor(message: string, outcome: Pick<MailError, 'sentence' | 'retry' | 'certain'>) {
    super(message);
    this.sentence = outcome.sentence;
    this.retry = outcome.retry;
    this.certain = outcome.certain;
  }
}

const CONNECT_MS = 10_000;
const SILENCE_MS = 20_000;

/** Failures before anything of a mail was sent; source: nodemailer.com, "Error reference". */
const NEVER_SENT = new Set(['EDNS', 'ETLS', 'EAUTH', 'EENVELOPE']);

/** `url`: `smtp://` or `smtps://`, with `user:password@` before the host if the server wants them. `from`: what mails come from. */
export function createMailer({ url, from }: { readonly url: string; readonly from: string }): Mailer {
  const transport = createTransport({
    url,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    // A mail of ours holds words, nothing to be fetched.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    send: async ({ to, subject, text }) => {
      try {
        // As an object, so that no address can name a second one.
        await transport.sendMail({ from, to: { name: '', address: to }, subject, text });
      } catch (error) {
        throw toMailError(error);
      }
    },
  };
}

/** Where mails come from: `from` of SMTP_URL's query, else its user if that's an address, else this host. */
export function senderOf(url: string, publicUrl: string): string {
  const { searchParams, username } = new URL(url);
  const user = decodeURIComponent(username);
  return searchParams.get('from') ?? (user.includes('@') ? user : `switchboard@${new URL(publicUrl).hostname}`);
}

function toMailError(error: unknown): MailError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  const status = error instanceof Error && 'responseCode' in error ? Number(error.responseCode) : undefined;
  const message = `${code}${status === undefined ? '' : `, the server answered ${status}`}`;
  if (code === 'EAUTH') {
    const sentence = 'The mail server doesn’t accept the user and password of SMTP_URL.';
    return new MailError(message, { sentence, retry: 'never', certain: true });
  }
  if (status !== undefined && status >= 500) {
    const sentence = `The mail server refused it (${status}).`;
    return new MailError(message, { sentence, retry: 'never', certain: true });
  }
  const isUnconnected = error instanceof Error && 'syscall' in error && error.syscall === 'connect';
  const certain = status !== undefined || isUnconnected || NEVER_SENT.has(code);
  const sentence =
    status === undefined ? 'The mail server could not be reached.' : `The mail server asks to wait (${status}).`;
  return new MailError(message, { sentence, retry: 'later', certain });
}
