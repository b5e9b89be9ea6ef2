// The rules of access: who may see and answer a Chat, and because of what. Pure; every door and the delivery loop ask here and nowhere else.

export type Role = 'admin' | 'member';

/** What the rules need to know of an Agent. */
export interface Person {
  readonly role: Role;
  readonly status: 'invited' | 'active' | 'deactivated';
}

/** A grant that concerns the Chat in question: given directly, or for a Label that the Chat carries at this moment. */
export type Fact =
  | { readonly kind: 'chat'; readonly by: string; readonly at: Date; readonly until: Date | null }
  | {
      readonly kind: 'label';
      readonly label: string;
      readonly by: string;
      readonly at: Date;
      readonly until: Date | null;
    };

/** Why somebody sees a Chat; `until` is null when it doesn't end by itself. */
export type Because =
  | { readonly kind: 'admin' }
  | { readonly kind: 'grant'; readonly by: string; readonly at: Date; readonly until: Date | null }
  | { readonly kind: 'label'; readonly label: string; readonly until: Date | null };

/** `stranger`: nobody of the team. `ended`: every grant there was is over. */
export type Refusal = 'stranger' | 'invited' | 'deactivated' | 'ended' | 'none';

export type Verdict =
  | { readonly allowed: true; readonly because: readonly Because[] }
  | { readonly allowed: false; readonly refusal: Refusal };

const stands = (until: Date | null, at: Date): boolean => until === null || until.getTime() > at.getTime();

/**
 * May this person see the Chat whose facts these are, at this moment? An active admin: always. An active member: through each fact that hasn't
 * ended. Everybody else: never.
 */
export function judge(person: Person | undefined, facts: readonly Fact[], at: Date): Verdict {
  if (person === undefined) return { allowed: false, refusal: 'stranger' };
  switch (person.status) {
    case 'invited':
    case 'deactivated':
      return { allowed: false, refusal: person.status };
    case 'active':
      if (person.role === 'admin') return { allowed: true, because: [{ kind: 'admin' }] };
  }
  const because = facts
    .filter(({ until }) => stands(until, at))
    .map((fact): Because =>
      fact.kind === 'chat'
        ? { kind: 'grant', by: fact.by, at: fact.at, until: fact.until }
        : { kind: 'label', label: fact.label, until: fact.until },
    );
  if (because.length > 0) return { allowed: true, because };
  return { allowed: false, refusal: facts.length > 0 ? 'ended' : 'none' };
}

/** What the refused person is told. */
export function refusalSentence(refusal: Refusal, email?: string): string {
  switch (refusal) {
    case 'stranger':
      return 'Nobody invited you to Switchboard yet; ask an admin.';
    case 'invited':
      return 'Your invitation to Switchboard isn’t claimed yet; open its link, or ask an admin to link you.';
    case 'deactivated':
      return 'Your access to Switchboard was ended; ask an admin if you need it again.';
    case 'ended':
      return `Your access to this chat has ended. Ask an admin to grant it again${grantCommand(email)}.`;
    case 'none':
      return `You don’t have access to this chat. Ask an admin to grant it${grantCommand(email)}.`;
  }
}

/** Why somebody else doesn't see a Chat, for `explain`. */
export function refusalReason(refusal: Refusal, email: string): string {
  switch (refusal) {
    case 'stranger':
      return `Nobody invited ${email} yet.`;
    case 'invited':
      return `${email} was invited and hasn’t claimed the invitation yet.`;
    case 'deactivated':
      return `${email} is deactivated.`;
    case 'ended':
      return `What let ${email} see this chat has ended.`;
    case 'none':
      return `${email} is a member, and neither this chat nor one of its labels is granted to them.`;
  }
}

const grantCommand = (email: string | undefined): string => (email === undefined ? '' : ` (/wa grant ${email})`);

/** Whether this person is one to whom Chats and Labels can be granted; if not, why. */
export function refuseGrant(person: Person | undefined, email: string): string | undefined {
  if (person === undefined) return `Nobody in the team has the email ${email}; invite them first.`;
  if (person.status === 'deactivated') return `${email} is deactivated.`;
  if (person.role === 'admin') return `${email} is an admin and sees every chat anyway.`;
  return undefined;
}

/** Whether this is the only active admin there is; their role and status can't be taken. */
export const isLastAdmin = (activeAdmins: ReadonlySet<string>, id: string): boolean =>
  activeAdmins.has(id) && activeAdmins.size === 1;
