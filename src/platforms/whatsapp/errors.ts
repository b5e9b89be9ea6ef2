// Whatever goes wrong at WhatsApp's edge, translated once: ends of a connection, refusals of a message, failures of a call.
import { BridgeError } from '../../domain/errors.ts';
import type { AccountId } from '../../domain/ids.ts';

/** Why a connection ended, as far as what to do next depends on it. `reason` is for people. */
export type Ending =
  | { readonly kind: 'restart' }
  | { readonly kind: 'loggedOut'; readonly reason: string }
  | { readonly kind: 'limited' | 'replaced' | 'outdated' | 'lost'; readonly reason: string }
  /** We ended it. */
  | { readonly kind: 'closed' };

interface Verdict {
  readonly tag: string;
  readonly attrs: Readonly<Record<string, string>>;
  readonly content?: unknown;
}

const LOGGED_OUT = 'The phone has removed this link. Link the number again.';

/** What a `<stream:error>` or `<failure>` of the server means. Only these two can say that the link is gone. */
export function endingOf(node: Verdict): Ending {
  if (node.tag === 'failure') return failureEnding(node.attrs['reason'] ?? '');
  const [first] = Array.isArray(node.content) ? (node.content as readonly Verdict[]) : [];
  const code = node.attrs['code'] ?? '';
  if (code === '515') return { kind: 'restart' };
  if (first?.tag === 'conflict' && first.attrs['type'] === 'device_removed') {
    return { kind: 'loggedOut', reason: LOGGED_OUT };
  }
  if (first?.tag === 'conflict') {
    return { kind: 'replaced', reason: 'Another program uses this link. Only one may.' };
  }
  return { kind: 'lost', reason: 'WhatsApp ended the connection.' };
}

/** Reasons of a refused login, as whatsmeow and Baileys know them. */
function failureEnding(reason: string): Ending {
  switch (reason) {
    case '401':
      return { kind: 'loggedOut', reason: LOGGED_OUT };
    case '402':
      return { kind: 'limited', reason: 'WhatsApp has blocked this number for a while.' };
    case '403':
    case '463':
      return { kind: 'limited', reason: 'WhatsApp restricts this number. Look at the phone.' };
    case '405':
      return { kind: 'outdated', reason: 'WhatsApp no longer accepts this version. Update the program.' };
    default:
      return { kind: 'lost', reason: 'WhatsApp refused the connection for now.' };
  }
}

/** What an error in the acknowledgement of a message means; `certain` because the server has said no. */
export function refusal(code: string): BridgeError {
  if (code === '463') {
    return new BridgeError('limited', 'message refused with 463', {
      sentence: 'WhatsApp restricts this number: it may not start this chat now.',
      retry: 'never',
      certain: true,
    });
  }
  return new BridgeError('refused', `message refused with ${code}`, {
    sentence: 'WhatsApp refused the message.',
    retry: 'never',
    certain: true,
  });
}

/** The words for a receipt that says `refused`. */
export function refusalReason(code: string): string {
  return code === '463'
    ? 'WhatsApp restricts this number: it may not start this chat now.'
    : 'WhatsApp refused the message.';
}

export function notConnected(account: AccountId): BridgeError {
  return new BridgeError('not_connected', `account ${account} is not connected`, {
    sentence: 'The number is not connected at the moment.',
    retry: 'later',
    certain: true,
  });
}

export function loggedOut(account: AccountId): BridgeError {
  return new BridgeError('logged_out', `account ${account} is not linked`, {
    sentence: 'The number is not linked any more. Link it again.',
    retry: 'never',
    certain: true,
  });
}

/** Nobody knows whether it was done. */
export function unanswered(message: string, cause?: unknown): BridgeError {
  return new BridgeError('unreachable', message, {
    sentence: 'WhatsApp did not confirm in time.',
    retry: 'later',
    certain: false,
    cause,
  });
}

/** It surely was not done; it may be later. */
export function notDone(message: string, cause?: unknown): BridgeError {
  return new BridgeError('unreachable', message, {
    sentence: 'WhatsApp could not be reached.',
    retry: 'later',
    certain: true,
    cause,
  });
}

export function refused(message: string, sentence: string, cause?: unknown): BridgeError {
  return new BridgeError('refused', message, { sentence, retry: 'never', certain: true, cause });
}

export function unknownRecipient(): BridgeError {
  return new BridgeError('unknown_recipient', 'the recipient has no devices', {
    sentence: 'This number is not on WhatsApp.',
    retry: 'never',
    certain: true,
  });
}

export function badMedia(message: string, sentence = 'The file is damaged or no longer there.'): BridgeError {
  return new BridgeError('bad_media', message, { sentence, retry: 'never', certain: true });
}

export function tooLarge(message: string): BridgeError {
  return new BridgeError('too_large', message, {
    sentence: 'The file is larger than it may be.',
    retry: 'never',
    certain: true,
  });
}

/** Lets BridgeErrors through and wraps everything else; `certain` when it can't have had an effect. */
export function translated(error: unknown, message: string, certain: boolean): BridgeError {
  if (error instanceof BridgeError) return error;
  return certain ? notDone(message, error) : unanswered(message, error);
}
