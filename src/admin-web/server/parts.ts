// What the web server stands on: the facades it calls and the things it reads, as main.ts hands them in.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Access } from '../../access/access.ts';
import type { Bridge } from '../../bridge/bridge.ts';
import type { Problem } from '../../domain/events.ts';
import type { AgentId, WorkspaceId } from '../../domain/ids.ts';
import type { Metrics } from '../../metrics/metrics.ts';
import type { Log } from '../../runtime/log.ts';
import type { Vault } from '../../runtime/secrets.ts';
import type { Clock } from '../../runtime/time.ts';
import type { Role } from '../../store/agent.ts';
import type { Store } from '../../store/store.ts';
import type { Tickets } from '../../tickets/tickets.ts';

/** What the routes need of the Bridge. A BridgeError that is thrown becomes an answer with its sentence. */
export type BridgeFacade = Pick<
  Bridge,
  'createAccount' | 'describeChannels' | 'link' | 'linkStep' | 'unlink' | 'reply' | 'retry' | 'giveUp' | 'openMedia'
>;

/** What the routes need of Access. */
export type AccessFacade = Pick<
  Access,
  | 'scopeOf'
  | 'whoSees'
  | 'explain'
  | 'preview'
  | 'apply'
  | 'applyAll'
  | 'invite'
  | 'renewInvitation'
  | 'team'
  | 'labels'
  | 'createLabel'
  | 'updateLabel'
  | 'phonesFor'
  | 'problems'
  | 'adminsChannel'
  | 'setAdminsChannel'
  | 'claim'
  | 'startSignIn'
  | 'finishSignIn'
  | 'loginOf'
  | 'login'
  | 'signedIn'
  | 'logout'
>;

/** What the routes need of Tickets. */
export type TicketsFacade = Pick<Tickets, 'open' | 'take' | 'assign' | 'close' | 'reopen' | 'change'>;

/** What the routes need of Metrics. */
export type MetricsFacade = Pick<
  Metrics,
  | 'summary'
  | 'series'
  | 'replies'
  | 'firstResponses'
  | 'unanswered'
  | 'schedule'
  | 'setSchedule'
  | 'dropSchedule'
  | 'postNow'
>;

/** Who does it and through which door, as Access wants it; the Bridge gets the same as a `By`. */
export type Actor = Parameters<Access['apply']>[1];
export type LinkStep = ReturnType<Bridge['linkStep']>;
export type OpenedMedia = NonNullable<Awaited<ReturnType<Bridge['openMedia']>>>;
/** An expected no, in plain words for the person who asked. Nothing was done. */
export type Refusal = NonNullable<Awaited<ReturnType<Bridge['retry']>>>;

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

/** The part of the Config that the web server reads. */
export interface WebSettings {
  readonly port: number;
  readonly host: string;
  readonly publicUrl: string;
  readonly adminApiToken: string | undefined;
  readonly metricsToken: string | undefined;
}

/** A platform that may bring routes of its own. */
export interface RoutedPlatform {
  readonly name: string;
  readonly routes?: (request: IncomingMessage, response: ServerResponse) => void;
}

export interface WebParts {
  readonly config: WebSettings;
  readonly store: Store;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly log: Log;
  readonly bridge: BridgeFacade;
  readonly access: AccessFacade;
  readonly tickets: TicketsFacade;
  readonly metrics: MetricsFacade;
  /** Asked with every request. */
  health(): Health;
  /** The adapters that run now; those with `routes` get the requests under `/<name>` unparsed. Asked with every request. */
  platforms(): Iterable<RoutedPlatform>;
  /** What `setup()` of a Workspace's adapter last found. */
  setupProblems(workspace: WorkspaceId): readonly Problem[];
}
