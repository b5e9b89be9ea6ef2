// The secret that a message carries for those that refer to it: kept when it arrives, used for votes and encrypted edits.
import { createHash, hkdfSync } from 'node:crypto';
import { aesDecryptGCM, decryptPollVote, proto } from '@whiskeysockets/baileys';
import type { AccountId } from '../../domain/ids.ts';
import type { SessionChange, SessionStore } from '../../domain/session.ts';
import { bareJid, type Jid } from './ids.ts';

const SECRET = 'message-secret';
/** Nobody votes on or edits what is older: WhatsApp keeps a message open for edits for minutes, polls in practice for weeks. */
const KEPT_MS = 90 * 24 * 60 * 60_000;

interface KeptSecret {
  /** Base64, 32 bytes. */
  readonly secret: string;
  readonly author: Jid;
  /** Of a poll. */
  readonly options?: readonly string[];
}

const rowId = (chat: Jid, id: string): string => `${chat}/${id}`;

function pollOptions(message: proto.IMessage): string[] | undefined {
  const poll =
    message.pollCreationMessage ??
    message.pollCreationMessageV2 ??
    message.pollCreationMessageV3 ??
    message.pollCreationMessageV4?.message?.pollCreationMessage ??
    message.pollCreationMessageV5;
  return poll?.options?.map(({ optionName }) => optionName ?? '');
}

/** What to keep of a message, by the attributes of its stanza; nothing when it has no secret. */
export function secretChange(attrs: Readonly<Record<string, string>>, message: proto.IMessage): SessionChange[] {
  const inner = message.deviceSentMessage?.message ?? message;
  const secret = inner.messageContextInfo?.messageSecret ?? message.messageContextInfo?.messageSecret;
  const chat = bareJid(message.deviceSentMessage?.destinationJid ?? attrs['recipient'] ?? attrs['from']);
  const author = bareJid(attrs['participant'] ?? attrs['from']);
  const { id } = attrs;
  if (!secret || secret.length === 0 || chat === undefined || author === undefined || id === undefined) return [];
  const options = pollOptions(inner);
  const kept: KeptSecret = { secret: Buffer.from(secret).toString('base64'), author, ...(options && { options }) };
  const until = new Date(Number(attrs['t'] ?? 0) * 1000 + KEPT_MS);
  return [{ type: SECRET, id: rowId(chat, id), value: Buffer.from(JSON.stringify(kept)), until }];
}

/** Which message is meant, and by whom: every form of address that may have been used. */
export interface SecretQuery {
  readonly chats: readonly Jid[];
  readonly id: string;
  /** Forms of the author of the message referred to, besides the one that was kept. */
  readonly authors: readonly Jid[];
  /** Forms of whoever refers to it. */
  readonly senders: readonly Jid[];
}

async function readSecret(
  sessions: SessionStore,
  account: AccountId,
  query: SecretQuery,
): Promise<KeptSecret | undefined> {
  const ids = query.chats.map((chat) => rowId(chat, query.id));
  const [found] = (await sessions.get(account, SECRET, ids)).values();
  return found === undefined ? undefined : (JSON.parse(Buffer.from(found).toString()) as KeptSecret);
}

/** Tries each pair of addresses; one of them was in the key. */
function attempt<T>(query: SecretQuery, author: Jid, open: (author: Jid, sender: Jid) => T): T | undefined {
  for (const candidate of new Set([author, ...query.authors])) {
    for (const sender of query.senders) {
      try {
        return open(candidate, sender);
      } catch {
        // Not this pair: the tag of the cipher says so.
      }
    }
  }
  return undefined;
}

/** The names of the options a vote chose; undefined when the poll is unknown or the vote can't be opened. */
export async function openVote(
  sessions: SessionStore,
  account: AccountId,
  query: SecretQuery,
  vote: proto.Message.IPollEncValue,
): Promise<readonly string[] | undefined> {
  const secret = await readSecret(sessions, account, query);
  if (secret?.options === undefined) return undefined;
  const pollEncKey = Buffer.from(secret.secret, 'base64');
  const opened = attempt(query, secret.author, (pollCreatorJid, voterJid) =>
    decryptPollVote(vote, { pollCreatorJid, pollMsgId: query.id, pollEncKey, voterJid }),
  );
  if (opened === undefined) return undefined;
  const chosen = new Set(opened.selectedOptions?.map((hash) => Buffer.from(hash).toString('hex')));
  return secret.options.filter((option) => chosen.has(createHash('sha256').update(option).digest('hex')));
}

/** The message inside an encrypted edit; undefined when the message it edits is unknown or it can't be opened. */
export async function openEdit(
  sessions: SessionStore,
  account: AccountId,
  query: SecretQuery,
  edit: proto.Message.ISecretEncryptedMessage,
): Promise<proto.IMessage | undefined> {
  const secret = await readSecret(sessions, account, query);
  const { encIv, encPayload, secretEncType } = edit;
  if (secret === undefined || !encIv || !encPayload) return undefined;
  const { EVENT_EDIT } = proto.Message.SecretEncryptedMessage.SecretEncType;
  const useCase = secretEncType === EVENT_EDIT ? 'Event Edit' : 'Message Edit';
  return attempt(query, secret.author, (author, sender) => {
    const info = query.id + author + sender + useCase;
    const key = Buffer.from(hkdfSync('sha256', Buffer.from(secret.secret, 'base64'), Buffer.alloc(0), info, 32));
    return proto.Message.decode(aesDecryptGCM(encPayload, key, encIv, Buffer.alloc(0)));
  });
}
