// What can be asked to change about access, who asks, and what came of it: the values that doors and Access exchange.
import type { AgentId, ChatId } from '../domain/ids.ts';
import type { AuditEntry } from '../store/audit.ts';
import type { ChatListFilter } from '../store/listing.ts';
import type { Role } from './policy.ts';

/** Who does it and through which door (`source`: a platform's name, `web`, `api`, `program`); `name` is an email, or what a token is called. */
export interface Actor {
  readonly kind: 'agent' | 'token' | 'program';
  readonly agentId?: AgentId;
  readonly name?: string;
  readonly source: string;
}

/** What the program does by itself. */
export const PROGRAM: Actor = { kind: 'program', source: 'program' };

/** Chats chosen one by one, or all that match. */
export type ChatChoice = { readonly chatIds: readonly ChatId[] } | { readonly filter: ChatListFilter };

/**
 * Agents go by email, Labels by name (whatever the case). `grant` and `revoke` are about Chats, Labels, or both; `until` is when a grant ends
 * (absent or null: never). `labels` makes these exactly the Labels granted to the Agents.
 */
export type AccessChange =
  | {
      readonly kind: 'grant';
      readonly agents: readonly string[];
      readonly chats?: ChatChoice | undefined;
      readonly labels?: readonly string[] | undefined;
      readonly until?: Date | null | undefined;
    }
  | {
      readonly kind: 'revoke';
      readonly agents: readonly string[];
      readonly chats?: ChatChoice | undefined;
      readonly labels?: readonly string[] | undefined;
    }
  | { readonly kind: 'label' | 'unlabel'; readonly chats: ChatChoice; readonly labels: readonly string[] }
  | { readonly kind: 'labels'; readonly agents: readonly string[]; readonly labels: readonly string[] }
  | { readonly kind: 'role'; readonly agents: readonly string[]; readonly role: Role }
  | { readonly kind: 'deactivate' | 'activate'; readonly agents: readonly string[] }
  | { readonly kind: 'deleteLabel'; readonly labels: readonly string[] };

export type RefusedCode =
  | 'admin'
  | 'last_admin'
  | 'deactivated'
  | 'unknown_agent'
  | 'unknown_label'
  | 'unknown_chat'
  | 'bad_time';

/** A part of a change that isn't done, and why in plain words; `code` is for doors that answer with a status. */
export interface Refused {
  readonly code: RefusedCode;
  /** Email. */
  readonly agent?: string;
  readonly label?: string;
  readonly chatId?: ChatId;
  readonly reason: string;
}

/** `changed` and `unchanged` count what was asked for: pairs of Agent and Chat, Agent and Label or Chat and Label; or Agents; or Labels. */
export interface ChangeResult {
  readonly changed: number;
  readonly unchanged: number;
  readonly refused: readonly Refused[];
  /** Who sees a Chat all the same after `revoke`, through which Label. */
  readonly still: readonly { readonly agent: string; readonly chatId: ChatId; readonly label: string }[];
}

/** Exactly who would see what, and who no longer; Agents by email. */
export interface Preview {
  readonly gained: readonly { readonly agent: string; readonly chatId: ChatId }[];
  readonly lost: readonly { readonly agent: string; readonly chatId: ChatId }[];
  readonly refused: readonly Refused[];
}

/** The audit row of something this Actor did. */
export function auditOf(actor: Actor, action: string, at: Date, rest: Partial<AuditEntry> = {}): AuditEntry {
  const { source, ...who } = actor;
  return { actor: who, action, source, at, ...rest };
}

/** What `by` says of a grant or an invitation. */
export const nameOf = ({ name, kind }: Actor): string => name ?? (kind === 'token' ? 'an API token' : 'Switchboard');
