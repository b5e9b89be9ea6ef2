// What the web server stands on: the facades it calls and the things it reads, as main.ts hands them in.
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { Config } from '../../config.ts';
import type { Problem } from '../../domain/events.ts';
import type { AccountId, AgentId, ChatId, DeliveryId, MessageId, WorkspaceId } from '../../domain/ids.ts';
import type { LinkOptions, LinkStep } from '../../platforms/messenger.ts';
import type { ChatPlatform } from '../../platforms/platform.ts';
import type { Log } from '../../runtime/log.ts';
import type { Vault } from '../../runtime/secrets.ts';
import type { Clock } from '../../runtime/time.ts';
import type { Role } from '../../store/agent.ts';
import type { By } from '../../store/audit.ts';
import type { Scope } from '../../store/listing.ts';
import type { Store } from '../../store/store.ts';

/** An expected no, in plain words for the person who asked. Nothing was done. */
export interface Refusal {
  readonly refused: string;
}

/** What the routes need of the Bridge. A BridgeError that is thrown becomes an answer with its sentence. */
export interface BridgeFacade {
  /** Without a name the Bridge chooses one. */
  createAccount(name: string | undefined, by: By): Promise<{ readonly id: AccountId }>;
  /** Starts linking and resolves at once; the steps are read by `linkStep`. Refused for an Account that is linked or being linked. */
  link(account: AccountId, options: LinkOptions, by: By): Promise<Refusal | undefined>;
  /** The present step; `waiting` before the first one and when no linking was begun. */
  linkStep(account: AccountId): LinkStep;
  unlink(account: AccountId, by: By): Promise<void>;
  /** The same rules as for a reply in a thread. `agentId` is null when the admin's token writes: then nobody's name stands under it. */
  reply(
    reply: { readonly chatId: ChatId; readonly agentId: AgentId | null; readonly text: string },
    by: By,
  ): Promise<{ readonly messageId: MessageId } | Refusal>;
  /** Carries a failed or uncertain Delivery once more, under the same key. */
  retry(delivery: DeliveryId, by: By): Promise<Refusal | undefined>;
  giveUp(delivery: DeliveryId, by: By): Promise<Refusal | undefined>;
  /** Undefined: the Message has no file, or the file is gone. The reader must end or destroy the stream. */
  openMedia(message: MessageId): Promise<OpenedMedia | undefined>;
  /** What `setup()` of a Workspace last found. */
  problems(workspace: WorkspaceId): readonly Problem[];
}

export interface OpenedMedia {
  readonly stream: Readable;
  readonly name: string;
  readonly mimeType: string;
  readonly sizeBytes?: number;
}

/** What the routes need of Access. */
export interface AccessFacade {
  /** Of an Agent who may sign in; empty for one who may see nothing. */
  scopeOf(agent: AgentId): Promise<Scope>;
}

/** `ready`: this process is the one at work. Only then anything but the health routes is answered. */
export interface Health {
  readonly phase: 'starting' | 'standing_by' | 'ready' | 'stopping';
}

/** Somebody who proved who they are: an Agent by a session, or a program by the admin's token. */
export interface Viewer {
  readonly role: Role;
  readonly email: string | null;
  readonly agentId: AgentId | null;
  /** A session travels in a cookie, which browsers send along with other pages' requests, too. */
  readonly via: 'session' | 'token';
}

export interface WebParts {
  readonly config: Config;
  readonly store: Store;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly log: Log;
  readonly bridge: BridgeFacade;
  readonly access: AccessFacade;
  /** Asked with every request. */
  health(): Health;
  /** The adapters that run now; those with `routes` get the requests under `/<name>` unparsed. Asked with every request. */
  platforms(): Iterable<Pick<ChatPlatform, 'name' | 'routes'>>;
  /** Whose session a request bears, looked up anew each time; undefined when none. Absent while there is no sign-in: then only the token opens anything. */
  sessionOf?(request: IncomingMessage): Promise<Viewer | undefined>;
}
