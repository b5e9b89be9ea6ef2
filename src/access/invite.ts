// Reading a list of emails as people write it, and judging each address by itself. Pure.

/** An address as it was written, and the name that stood before it. */
export interface Addressee {
  /** Lower case when it's an address; as written when it isn't. */
  readonly email: string;
  readonly name: string | null;
  readonly isAddress: boolean;
}

const SEPARATORS = new Set([',', ';', '\n', '\r']);

/**
 * Emails separated by commas, semicolons, spaces or line breaks; `Name <a@b>` and `"Last, First" <a@b>` as well. In the order they stand,
 * doubles included. One pass over the text, whatever it holds.
 */
export function parseEmails(text: string): Addressee[] {
  const found: Addressee[] = [];
  let before = '';
  let isQuoted = false;
  const lastClosing = text.lastIndexOf('>');
  const flush = (): void => {
    for (const word of before.split(/\s+/u)) if (word !== '') found.push(addressee(word, null));
    before = '';
  };
  for (let at = 0; at < text.length; at += 1) {
    const letter = text.charAt(at);
    const end = letter === '<' && !isQuoted && at < lastClosing ? text.indexOf('>', at) : -1;
    if (end > at) {
      found.push(addressee(text.slice(at + 1, end).trim(), nameIn(before)));
      before = '';
      at = end;
    } else if (letter === '"' && (isQuoted || text.includes('"', at + 1))) {
      isQuoted = !isQuoted;
      before += letter;
    } else if (SEPARATORS.has(letter) && !isQuoted) flush();
    else before += letter;
  }
  flush();
  return found;
}

const nameIn = (text: string): string | null => text.replaceAll('"', '').trim() || null;

function addressee(written: string, name: string | null): Addressee {
  const bare = written.replace(/^mailto:/iu, '');
  return isEmail(bare)
    ? { email: bare.toLowerCase(), name, isAddress: true }
    : { email: written, name, isAddress: false };
}

/** Lengths: RFC 5321 §4.5.3.1 (local part 64, path 254 without the brackets), RFC 1035 §2.3.4 (a label 63). */
function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@');
  const [local, domain] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 1 || local.length > 64 || text.length > 254) return false;
  const parts = local.split('.');
  if (!parts.every((part) => /^[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+$/u.test(part))) return false;
  const labels = domain.split('.');
  if (labels.length < 2 || !/\p{L}/u.test(labels.at(-1) ?? '')) return false;
  return labels.every(
    (label) => label.length <= 63 && /^[\p{L}\p{N}-]+$/u.test(label) && !label.startsWith('-') && !label.endsWith('-'),
  );
}

export type InviteCode = 'bad' | 'twice' | 'active' | 'invited' | 'deactivated' | 'guest' | 'bot' | 'too_many';

/** An address that isn't invited, and why; `deactivated` can be taken back by activating the Agent again. */
export interface NotInvited {
  readonly email: string;
  readonly code: InviteCode;
  readonly reason: string;
}

/** How many may be invited in one go. */
export const INVITED_AT_ONCE = 200;

/** Judges each address by itself; `known` tells the status of emails that there is an Agent for. */
export function judgeAddressees(
  addressees: readonly Addressee[],
  known: ReadonlyMap<string, { readonly status: 'invited' | 'active' | 'deactivated' }>,
): { readonly good: readonly Addressee[]; readonly refused: readonly NotInvited[] } {
  const good: Addressee[] = [];
  const refused: NotInvited[] = [];
  const seen = new Set<string>();
  const told = new Set<string>();
  for (const one of addressees) {
    const { email } = one;
    if (seen.has(email)) {
      if (!told.has(email)) refused.push(notInvited(email, 'twice'));
      told.add(email);
      continue;
    }
    seen.add(email);
    const code = one.isAddress ? known.get(email)?.status : 'bad';
    if (code !== undefined) refused.push(notInvited(email, code));
    else if (good.length < INVITED_AT_ONCE) good.push(one);
    else refused.push(notInvited(email, 'too_many'));
  }
  return { good, refused };
}

export const notInvited = (email: string, code: InviteCode): NotInvited => ({
  email,
  code,
  reason: reasonFor(email, code),
});

function reasonFor(email: string, code: InviteCode): string {
  switch (code) {
    case 'bad':
      return `“${email}” isn’t an email address.`;
    case 'twice':
      return `${email} is in the list more than once; it counts once.`;
    case 'active':
      return `${email} is in the team already.`;
    case 'invited':
      return `${email} was invited already and hasn’t claimed the invitation yet.`;
    case 'deactivated':
      return `${email} was deactivated; activate them again to bring them back with what they had.`;
    case 'guest':
      return `${email} is a guest, or from elsewhere: only full members of the workspace can be in Switchboard’s channels.`;
    case 'bot':
      return `${email} belongs to a bot; only people can be invited.`;
    case 'too_many':
      return `${email} is one too many: at most ${INVITED_AT_ONCE} people can be invited in one go.`;
  }
}
