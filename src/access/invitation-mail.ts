// Carries an invitation by mail: each try makes a token of its own, so that none is ever kept but as a hash.
import { BridgeError } from '../domain/errors.ts';
import type { AgentId } from '../domain/ids.ts';
import { MailError, type Mail } from '../runtime/mail.ts';
import type { Tx } from '../store/store.ts';
import type { IdentityParts } from './identity.ts';
import { hashOf, linkOf, newToken, LINK_MS } from './invitation-link.ts';
import { tell } from './tell.ts';

export interface MailParts extends IdentityParts {
  /** Where people reach us; without it there are no links. */
  readonly publicUrl?: string;
  /** Hands a mail over; without it links are given to the admin. Rejects with a MailError. */
  readonly sendMail?: (mail: Mail) => Promise<void>;
}

/** Who is invited, and who invited them. */
export interface MailedInvitation {
  readonly agentId: AgentId;
  readonly by: string;
}

/** Puts the mail among the Deliveries, in the caller's transaction; each person has a lane of their own. */
export async function mailLater(tx: Tx, { agentId, by }: MailedInvitation, now: Date): Promise<void> {
  await tx.deliveries.enqueue({ target: 'mail', class: 'live', of: agentId }, { kind: 'invite', agentId, by }, {}, now);
}

/** See `Access.mailInvitation` and `invitationUndelivered`. */
export class InvitationMail {
  readonly #parts: MailParts;

  constructor(parts: MailParts) {
    this.#parts = parts;
  }

  /** Whether links go by mail. */
  get isSet(): boolean {
    return this.#parts.sendMail !== undefined && this.#parts.publicUrl !== undefined;
  }

  async send({ agentId, by }: MailedInvitation): Promise<void> {
    const { store, clock, publicUrl, sendMail } = this.#parts;
    if (publicUrl === undefined || sendMail === undefined) {
      const sentence = 'There is no mail server any more: SMTP_URL is not set.';
      throw new BridgeError('not_allowed', 'no SMTP_URL', { sentence, retry: 'never', certain: true });
    }
    const token = newToken();
    const email = await store.transaction(async (tx) => {
      const now = clock.now();
      const agent = await tx.agents.find(agentId);
      // Came meanwhile, or was taken back: nothing is left to say.
      if (agent?.status !== 'invited') return undefined;
      const expiresAt = new Date(now.getTime() + LINK_MS);
      await tx.invitations.add({ agentId, tokenHash: hashOf(token), by, at: now, expiresAt });
      return agent.email;
    });
    if (email === undefined) return;
    const text = `${by} invited you to Switchboard, the team’s shared WhatsApp inbox.\n\nOpen this link within 14 days to join:\n${linkOf(publicUrl, token)}\n`;
    try {
      await sendMail({ to: email, subject: 'You are invited to Switchboard', text });
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
      if (error.certain) await store.read.invitations.drop(hashOf(token));
      const { sentence, retry, certain } = error;
      const code = retry === 'never' ? 'refused' : 'unreachable';
      throw new BridgeError(code, `mail: ${error.message}`, { sentence, retry, certain, cause: error });
    }
  }

  /** The mail is given up: the admins hear it where they are. */
  async failed({ agentId }: MailedInvitation, sentence: string): Promise<void> {
    const { store, clock } = this.#parts;
    await store.transaction(async (tx) => {
      const agent = await tx.agents.find(agentId);
      if (agent?.status !== 'invited') return;
      const notice = {
        kind: 'problem',
        sentence: `The invitation of ${agent.email} could not be mailed. ${sentence}`,
        fix: `/wa deliveries tries it again; or /wa team ${agent.email} → New link makes a link to hand over.`,
      } as const;
      for (const { id } of await tx.workspaces.all()) await tell(tx, id, notice, {}, clock.now());
    });
  }
}
