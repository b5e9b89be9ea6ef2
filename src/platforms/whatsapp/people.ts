// Who and where: the persons and chats of a stanza in the domain's words, each in its canonical form with the other as alias. Pure.
import type { ChatRef, Doer, MessageKey, PersonRef } from '../../domain/events.ts';
import type { AccountId, PersonAddress } from '../../domain/ids.ts';
import {
  bareJid,
  chatAddress,
  isBroadcastJid,
  isGroupJid,
  isLidJid,
  isPersonJid,
  isPhoneJid,
  personAddress,
  phoneOf,
  remoteId,
  userPart,
  type Jid,
} from './ids.ts';
import type { OwnJids } from './present.ts';

/** What is known beside the stanza itself; read before, so that all else is pure. */
export interface Known {
  readonly account: AccountId;
  readonly me: OwnJids;
  /** The other form of a person's address. */
  readonly otherForm: ReadonlyMap<Jid, Jid>;
  /** Names people gave themselves, by canonical address; names of groups. */
  readonly names: ReadonlyMap<Jid, string>;
}

/** Both forms of a person: those of the stanza first, then what was learned before. */
interface Forms {
  readonly lid: Jid | undefined;
  readonly phone: Jid | undefined;
}

function formsOf(known: Known, jid: Jid, alt?: string): Forms {
  const other = bareJid(alt) ?? known.otherForm.get(jid);
  const pair = [jid, other];
  return { lid: pair.find(isLidJid), phone: pair.find(isPhoneJid) };
}

/** The LID where known, else the number. */
export function canonical(known: Known, jid: Jid, alt?: string): Jid {
  const { lid, phone } = formsOf(known, jid, alt);
  return lid ?? phone ?? jid;
}

/** Every form by which a person may be named. */
export function allForms(known: Known, jid: Jid, alt?: string): Jid[] {
  const { lid, phone } = formsOf(known, jid, alt);
  return [...new Set([jid, lid, phone].filter((form) => form !== undefined))];
}

export function isUs(known: Known, jid: string | undefined): boolean {
  const bare = bareJid(jid);
  return bare !== undefined && (bare === known.me.phone || bare === known.me.lid);
}

/** A person by JID; `alt` is the other form, `name` what they call themselves. */
export function personOf(known: Known, jid: Jid, alt?: string, name?: string): PersonRef {
  const { lid, phone } = formsOf(known, jid, alt);
  const address = lid ?? phone ?? jid;
  const number = phoneOf(phone);
  const shown = name ?? known.names.get(address);
  return {
    address: personAddress(address),
    ...(lid !== undefined && phone !== undefined ? { alias: personAddress(phone) } : {}),
    ...(shown === undefined || shown === '' ? {} : { name: shown }),
    ...(number === undefined ? {} : { phone: number }),
  };
}

export function doerOf(known: Known, jid: Jid, alt?: string, name?: string): Doer {
  return isUs(known, jid) ? { kind: 'us' } : { kind: 'person', person: personOf(known, jid, alt, name) };
}

export function chatOf(known: Known, jid: Jid, alt?: string, name?: string): ChatRef {
  if (isGroupJid(jid)) {
    const group = known.names.get(jid);
    return { address: chatAddress(jid), kind: 'group', ...(group === undefined ? {} : { name: group }) };
  }
  if (isBroadcastJid(jid) || !isPersonJid(jid)) return { address: chatAddress(jid), kind: 'broadcast' };
  const person = personOf(known, jid, alt, name);
  return {
    address: chatAddress(person.address),
    ...(person.alias === undefined ? {} : { alias: chatAddress(person.alias) }),
    kind: 'direct',
    person,
  };
}

/** A name to show for somebody: theirs, else their number. */
export function shownName(known: Known, jid: Jid, alt?: string): string {
  const person = personOf(known, jid, alt);
  return person.name ?? person.phone ?? userPart(jid);
}

export interface Mentioned {
  readonly name: string;
  readonly person: PersonAddress;
}

/** The persons a text mentions, by what stands after the `@`. */
export function mentionsOf(known: Known, jids: readonly string[]): Map<string, Mentioned> {
  const mentions = new Map<string, Mentioned>();
  for (const mentioned of jids) {
    const jid = bareJid(mentioned);
    if (jid === undefined || !isPersonJid(jid)) continue;
    const { address } = personOf(known, jid);
    const name = shownName(known, jid);
    for (const form of allForms(known, jid)) mentions.set(userPart(form), { name, person: address });
  }
  return mentions;
}

export function keyOf(id: string, author: Doer): MessageKey {
  return { id: remoteId(id), author };
}
