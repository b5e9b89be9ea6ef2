// What can be asked to change about access, who asks, and what came of it: the values that doors and Access exchange.
import type { AccountId, AgentId, ChatId, WorkspaceId } from '../domain/ids.ts';
import type { Role } from './policy.ts';

/** Who does it and through which door (`source`: a platform's name, `web`, `api`, `program`); `name` is an email, or what a token is called. */
export interface Actor {
  readonly kind: 'agent' | 'token' | 'program';
  readonly agentId?: AgentId;
  readonly name?: string;
  readonly source: string;
}

/** Which Chats, as the list's filters say; absent doesn't filter. */
export interface ChatFilter {
  readonly search?: string;
  /** A Label's name. */
  readonly label?: string;
  readonly accountId?: AccountId;
  readonly kind?: 'direct' | 'group';
  readonly workspaceId?: WorkspaceId;
}

/** Chats chosen one by one, or all that match. */
export type ChatChoice = { readonly chatIds: readonly ChatId[] } | { readonly filter: ChatFilter };

/**
 * Agents go by email, Labels by name. `grant` and `revoke` are about Chats, Labels, or both; `until` is when a grant ends (null: never).
 * `labels` sets an Agent's granted Labels to exactly these.
 */
export type AccessChange =
  | {
      readonly kind: 'grant';
      readonly agents: readonly string[];
      readonly chats?: ChatChoice;
      readonly labels?: readonly string[];
      readonly until?: Date | null;
    }
  | {
      readonly kind: 'revoke';
      readonly agents: readonly string[];
      readonly chats?: ChatChoice;
      readonly labels?: readonly string[];
    }
  | { readonly kind: 'label' | 'unlabel'; readonly chats: ChatChoice; readonly labels: readonly string[] }
  | { readonly kind: 'labels'; readonly agents: readonly string[]; readonly labels: readonly string[] }
  | { readonly kind: 'role'; readonly agents: readonly string[]; readonly role: Role }
  | { readonly kind: 'deactivate' | 'activate'; readonly agents: readonly string[] }
  | { readonly kind: 'deleteLabel'; readonly label: string };

/** Something of a change that isn't done, by whom or what it is about; `code` is for doors that answer with a status. */
export interface Refused {
  readonly code:
    | 'admin'
    | 'last_admin'
    | 'deactivated'
    | 'unknown_agent'
    | 'unknown_label'
    | 'unknown_chat'
    | 'bad_time';
  readonly agent?: string;
  readonly label?: string;
  readonly chatId?: ChatId;
  readonly reason: string;
}

/** `changed` and `unchanged` count what was asked for: pairs of Agent and Chat, Agent and Label, Chat and Label, or Agents. */
export interface ChangeResult {
  readonly changed: number;
  readonly unchanged: number;
  readonly refused: readonly Refused[];
  /** Lost the direct grant, and sees the Chat all the same through this Label. */
  readonly still: readonly { readonly agent: string; readonly chatId: ChatId; readonly label: string }[];
}

/** Exactly who would see what, and who no longer; by email. */
export interface Preview {
  readonly gained: readonly { readonly agent: string; readonly chatId: ChatId }[];
  readonly lost: readonly { readonly agent: string; readonly chatId: ChatId }[];
  readonly refused: readonly Refused[];
}
