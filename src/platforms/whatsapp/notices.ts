// Their receipts, acknowledgements, group notifications and calls → our events. Pure.
import type { GroupChange } from '../../domain/content.ts';
import type { MessengerEvent } from '../../domain/events.ts';
import { refusalReason } from './errors.ts';
import { bareJid, isGroupJid, isPersonJid, remoteId, type Jid } from './ids.ts';
import { chatOf, doerOf, isUs, keyOf, personOf, shownName, type Known } from './people.ts';
import { timeOf } from './receive.ts';
import { childOf, textOf, type StoredNode } from './stanza.ts';

/** A receipt's type → what it says of our message. Types not here (`retry`, `sender`, `read-self`, …) say nothing to people. */
const STATUSES: Readonly<Record<string, 'delivered' | 'read'>> = {
  '': 'delivered',
  delivery: 'delivered',
  inactive: 'delivered',
  read: 'read',
  played: 'read',
};

/** Who has received or read which of our messages. */
export function receiptEvents(known: Known, node: StoredNode, receivedAt: number): MessengerEvent[] {
  const { attrs } = node;
  const status = STATUSES[attrs['type'] ?? ''];
  const from = bareJid(attrs['from']);
  const reader = bareJid(attrs['participant']) ?? from;
  if (status === undefined || from === undefined || reader === undefined || isUs(known, reader)) return [];
  if (!isPersonJid(reader)) return [];
  const listed = childOf(node, 'list')?.children?.map((item) => item.attrs['id']) ?? [];
  const ids = [...new Set([attrs['id'], ...listed].filter((id) => id !== undefined))].map(remoteId);
  const alt = attrs['participant_lid'] ?? attrs['participant_pn'] ?? attrs['sender_lid'] ?? attrs['sender_pn'];
  const at = timeOf(attrs['t'], receivedAt);
  const chat = chatOf(known, from, isGroupJid(from) ? undefined : alt);
  return [{ kind: 'receipt', account: known.account, chat, at, ids, status, by: personOf(known, reader, alt) }];
}

/** A late acknowledgement of a message of ours: nobody waits for it any more. */
export function ackEvents(known: Known, node: StoredNode, receivedAt: number): MessengerEvent[] {
  const { attrs } = node;
  const chatJid = bareJid(attrs['from']);
  const { error, id } = attrs;
  if (chatJid === undefined || id === undefined) return [];
  const common = { account: known.account, chat: chatOf(known, chatJid), at: timeOf(attrs['t'], receivedAt) };
  const ids = [remoteId(id)];
  if (error === undefined) return [{ kind: 'receipt', ...common, ids, status: 'acked' }];
  return [{ kind: 'receipt', ...common, ids, status: 'refused', reason: refusalReason(error) }];
}

interface Named {
  readonly jid: Jid;
  readonly alt: string | undefined;
}

function participantsOf(node: StoredNode): Named[] {
  const named: Named[] = [];
  for (const { attrs, tag } of node.children ?? []) {
    const jid = bareJid(attrs['jid']);
    if (tag === 'participant' && jid !== undefined) named.push({ jid, alt: attrs['lid'] ?? attrs['phone_number'] });
  }
  return named;
}

function changeOf(known: Known, child: StoredNode, actor: Jid | undefined): GroupChange {
  const people = participantsOf(child);
  const names = people.map(({ alt, jid }) => shownName(known, jid, alt));
  switch (child.tag) {
    case 'create':
      return { what: 'created', people: actor === undefined ? [] : [shownName(known, actor)] };
    case 'add':
      return { what: 'joined', people: names };
    case 'leave':
      return { what: 'left', people: names };
    case 'remove': {
      const hasLeft = people.length === 1 && people[0]?.jid === actor;
      return { what: hasLeft ? 'left' : 'removed', people: names };
    }
    case 'promote':
      return { what: 'promoted', people: names };
    case 'demote':
      return { what: 'demoted', people: names };
    case 'subject':
      return { what: 'renamed', name: child.attrs['subject'] ?? textOf(child) };
    case 'description':
      return { what: 'described', description: textOf(childOf(child, 'body')) };
    default:
      return { what: 'other', name: child.tag.replaceAll('_', ' ') };
  }
}

/** Changes of a group, told by the server. */
export function notificationEvents(known: Known, node: StoredNode, receivedAt: number): MessengerEvent[] {
  const { attrs } = node;
  const group = bareJid(attrs['from']);
  const [child] = node.children ?? [];
  if (group === undefined || !isGroupJid(group) || child === undefined) return [];
  if (attrs['type'] !== 'w:gp2' && attrs['type'] !== 'picture') return [];
  const actor = bareJid(attrs['participant'] ?? child.attrs['author']);
  const alt = attrs['participant_lid'] ?? attrs['participant_pn'];
  const change =
    attrs['type'] === 'picture' ? ({ what: 'other', name: 'picture' } as const) : changeOf(known, child, actor);
  const subject = child.tag === 'create' ? childOf(child, 'group')?.attrs['subject'] : child.attrs['subject'];
  const chat = { ...chatOf(known, group), ...(subject === undefined ? {} : { name: subject }) };
  const by = actor === undefined || isUs(known, actor) ? {} : { by: personOf(known, actor, alt, attrs['notify']) };
  const at = timeOf(attrs['t'], receivedAt);
  return [{ kind: 'changed', account: known.account, chat, at, id: remoteId(attrs['id'] ?? ''), change, ...by }];
}

interface Call {
  readonly id: string;
  readonly step: 'offered' | 'announced' | 'ended';
  readonly video: boolean;
}

/** What a call's stanza says; undefined for steps between devices that say nothing to people. */
export function callIn(node: StoredNode): Call | undefined {
  const [child] = node.children ?? [];
  const id = child?.attrs['call-id'];
  if (child === undefined || id === undefined) return undefined;
  const video = childOf(child, 'video') !== undefined || child.attrs['media'] === 'video';
  switch (child.tag) {
    case 'offer':
      return { id, step: 'offered', video };
    case 'offer_notice':
      return { id, step: 'announced', video };
    case 'terminate':
      return { id, step: 'ended', video };
    default:
      return undefined;
  }
}

/** A call, told at its end (or when only its notice reaches us). Its id is the message's. `video` was known when it was offered. */
export function callEvents(known: Known, node: StoredNode, video: boolean, receivedAt: number): MessengerEvent[] {
  const [child] = node.children ?? [];
  const from = bareJid(child?.attrs['group-jid'] ?? node.attrs['from']);
  const caller = bareJid(child?.attrs['call-creator'] ?? child?.attrs['from'] ?? node.attrs['from']);
  const id = child?.attrs['call-id'];
  if (child === undefined || from === undefined || caller === undefined || id === undefined) return [];
  const alt =
    child.attrs['caller_lid'] ?? child.attrs['caller_pn'] ?? node.attrs['sender_lid'] ?? node.attrs['sender_pn'];
  // `accepted_elsewhere` and `rejected_elsewhere`: somebody dealt with it on the phone.
  const missed = !(child.attrs['reason'] ?? '').endsWith('_elsewhere');
  return [
    {
      kind: 'message',
      account: known.account,
      chat: chatOf(known, from, alt),
      at: timeOf(node.attrs['t'], receivedAt),
      key: keyOf(id, doerOf(known, caller, alt, node.attrs['notify'])),
      content: { kind: 'call', video, missed },
      forwarded: false,
    },
  ];
}
