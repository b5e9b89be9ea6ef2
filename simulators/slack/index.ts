// A Slack stand-in on the wire: Web API, Socket Mode, HTTP mode, and the people of the workspace. It outlives the program under test.
import { renderUser } from './render.ts';
import { unfurl } from './messages.ts';
import { DEFAULT_EVENTS, DEFAULT_SCOPES } from './manifest.ts';
import { Events } from './events.ts';
import type { Carrier } from './carrier.ts';
import { Faults } from './faults.ts';
import { HttpMode } from './http-mode.ts';
import { Interactions } from './interactions.ts';
import { listen } from './server.ts';
import { Person } from './people.ts';
import { Sockets } from './socket-mode.ts';
import { Workspace } from './state.ts';
import type { Preferences, Settings } from './state.ts';
import type { Channel, User } from './types.ts';
import { createControl } from './control.ts';
import type { RequestRecord } from './web-api/index.ts';

export { saying } from './events.ts';
export type { Delivery, EventMatch, Hold } from './events.ts';
export type { CallFault, DownloadFault, FaultOrder } from './faults.ts';
export type { Forgery } from './http-mode.ts';
export type { Person, SayOptions, SeenMessage } from './people.ts';
export type { DisconnectReason, Connection } from './socket-mode.ts';
export type { Channel, Ephemeral, Message, StoredFile, User, View } from './types.ts';
export type { RequestRecord } from './web-api/index.ts';

/** How to start a workspace; everything has a default. */
export interface SlackOptions {
  /** 0 (default) takes a free port. */
  readonly port?: number;
  readonly teamName?: string;
  readonly appName?: string;
  readonly scopes?: readonly string[];
  readonly botEvents?: readonly string[];
  /** The clock of ts, ids and expiries, in milliseconds; default the real one. */
  readonly now?: () => number;
  readonly settings?: Partial<Settings>;
}

/** Who to add. */
export interface NewPerson {
  readonly name: string;
  readonly email?: string;
  readonly guest?: 'multi' | 'single';
  readonly isBot?: boolean;
  readonly deleted?: boolean;
  readonly admin?: boolean;
}

/** A running stand-in. Its state stays while the program under test dies and comes back. */
export interface SlackSimulator {
  /** Base of the Web API, with `/api/` at the end. */
  readonly apiUrl: string;
  readonly botToken: string;
  readonly appToken: string;
  readonly signingSecret: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly teamId: string;
  /** The app's bot user, to kick or mention. */
  readonly bot: { readonly id: string; readonly name: string; readonly botId: string };
  readonly workspace: Workspace;
  /** Every Web API call, retries included. */
  readonly requests: readonly RequestRecord[];
  /** Methods and routes nobody knows; a test should end with none. */
  readonly unknown: readonly string[];
  readonly faults: Faults;
  readonly events: Events;
  readonly sockets: Sockets;
  readonly http: HttpMode;
  readonly preferences: Preferences;
  readonly settings: Settings;
  addPerson(person: NewPerson): Person;
  /** The person with this email; throws when there is none. */
  person(email: string): Person;
  channels(): readonly Channel[];
  /** A channel by id or name; throws when there is none. */
  channel(idOrName: string): Channel;
  /** The direct conversation of the app with a person. */
  direct(person: Person): Channel;
  /** From now on events, commands and interactions are POSTed there; undefined goes back to Socket Mode. */
  setRequestUrl(url: string | undefined): void;
  /** Changes a person's record and tells the app by `user_change`; `deleted` takes them out of every channel without more events. */
  change(person: Person, change: Partial<Pick<User, 'email' | 'realName' | 'admin' | 'guest' | 'deleted'>>): void;
  /** Adds a link preview to a message: a `message_changed` that is no edit. */
  unfurl(channel: Channel, ts: string, title: string): void;
  /** Every further call answers `error` (default `invalid_auth`); the app gets `tokens_revoked`. */
  revokeToken(error?: string): void;
  /** Removes the app from the workspace: `app_uninstalled`, `tokens_revoked`, then `account_inactive`. */
  uninstall(): void;
  /** Makes the tokens good again. */
  restoreToken(): void;
  /** Who is signed in to Slack in the browser that comes to `/openid/connect/authorize` or `/oauth/v2/authorize`. */
  signIn(person: Person | undefined): void;
  /** Waits until `read` yields something truthy and answers it; fails after `timeoutMs`, naming `what`. */
  until<Value>(read: () => Value, what?: string, timeoutMs?: number): Promise<NonNullable<Value>>;
  /** Waits until every event was acknowledged or given up. */
  settled(timeoutMs?: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a workspace with one installed app and nobody in it. */
export async function startSlack(options: SlackOptions = {}): Promise<SlackSimulator> {
  const workspace = new Workspace({
    teamName: options.teamName ?? 'Acme',
    appName: options.appName ?? 'Switchboard',
    scopes: options.scopes ?? DEFAULT_SCOPES,
    botEvents: options.botEvents ?? DEFAULT_EVENTS,
    now: options.now ?? Date.now,
    settings: options.settings ?? {},
  });
  const faults = new Faults();
  const sockets = new Sockets(workspace);
  const http = new HttpMode(workspace);
  const carrier: Carrier = {
    carry: async (parcel) => (http.requestUrl === undefined ? sockets.carry(parcel) : http.carry(parcel)),
  };
  const events = new Events(workspace, carrier);
  const interactions = new Interactions(workspace, carrier);
  const log = { requests: [] as RequestRecord[], unknown: [] as string[] };
  const people = new Map<string, Person>();
  const parts = { workspace, faults, sockets, interactions };
  const server = await listen(parts, log, {
    port: options.port ?? 0,
    extra: createControl({ workspace, log, person: (id) => people.get(id) }),
  });
  workspace.origin = server.origin;
  return {
    apiUrl: `${server.origin}/api/`,
    botToken: workspace.botToken,
    appToken: workspace.appToken,
    signingSecret: workspace.signingSecret,
    clientId: workspace.clientId,
    clientSecret: workspace.clientSecret,
    teamId: workspace.teamId,
    bot: { id: workspace.bot.id, name: workspace.bot.realName, botId: workspace.botId },
    workspace,
    requests: log.requests,
    unknown: log.unknown,
    faults,
    events,
    sockets,
    http,
    preferences: workspace.preferences,
    settings: workspace.settings,
    ...peopleOf(workspace, interactions, people, () => sockets.openedCount > 0 || http.requestUrl !== undefined),
    ...channelsOf(workspace),
    ...appLifeOf(workspace),
    setRequestUrl: (url) => {
      http.requestUrl = url;
    },
    until,
    settled: async (timeoutMs) => {
      await until(() => events.settled, 'every event to be settled', timeoutMs);
    },
    stop: async () => {
      workspace.stop();
      sockets.stop();
      await server.stop();
    },
  };
}

function peopleOf(
  workspace: Workspace,
  interactions: Interactions,
  people: Map<string, Person>,
  appRuns: () => boolean,
): Pick<SlackSimulator, 'addPerson' | 'person' | 'change' | 'signIn' | 'direct'> {
  return {
    addPerson: ({ name, ...rest }) => {
      const handle = name.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '.');
      const user = workspace.addUser({ name: handle, realName: name, ...rest });
      const person = new Person(workspace, interactions, user);
      people.set(user.id, person);
      // Whoever is added before the app first ran was there when it was installed.
      if (!appRuns()) return person;
      workspace.emit({ type: 'team_join', user: renderUser(workspace, user, true), event_ts: workspace.newTs() });
      return person;
    },
    person: (email) => {
      const person = people.get(workspace.userByEmail(email)?.id ?? '');
      if (person === undefined) throw new Error(`nobody has the email ${email}`);
      return person;
    },
    change: (person, change) => {
      Object.assign(person.user, change, { updatedAt: workspace.seconds() });
      if (change.deleted === true) {
        for (const channel of workspace.channels.values()) if (channel.kind !== 'im') channel.members.delete(person.id);
      }
      const user = renderUser(workspace, person.user, true);
      workspace.emit({ type: 'user_change', user, cache_ts: workspace.seconds(), event_ts: workspace.newTs() });
    },
    direct: (person) => workspace.directChannel(person.id),
    signIn: (person) => {
      workspace.signedIn = person?.id;
    },
  };
}

function channelsOf(workspace: Workspace): Pick<SlackSimulator, 'channels' | 'channel' | 'unfurl'> {
  const channels = (): Channel[] => [...workspace.channels.values()].filter((channel) => channel.kind !== 'im');
  return {
    channels,
    channel: (idOrName) => {
      const found = workspace.channels.get(idOrName) ?? channels().find((channel) => channel.name === idOrName);
      if (found === undefined) throw new Error(`there is no channel ${idOrName}`);
      return found;
    },
    unfurl: (channel, ts, title) => {
      const message = channel.message(ts);
      if (message === undefined) throw new Error('message_not_found');
      unfurl(workspace, channel, message, { title, title_link: message.links[0]?.url ?? '', fallback: title, id: 1 });
    },
  };
}

function appLifeOf(workspace: Workspace): Pick<SlackSimulator, 'revokeToken' | 'uninstall' | 'restoreToken'> {
  const revoked = (): void => {
    const tokens = { oauth: [], bot: [workspace.bot.id] };
    workspace.emit({ type: 'tokens_revoked', tokens, event_ts: workspace.newTs() });
  };
  return {
    revokeToken: (error = 'invalid_auth') => {
      workspace.tokenError = error;
      revoked();
    },
    uninstall: () => {
      workspace.tokenError = 'account_inactive';
      workspace.emit({ type: 'app_uninstalled', event_ts: workspace.newTs() });
      revoked();
    },
    restoreToken: () => {
      workspace.tokenError = undefined;
    },
  };
}

async function until<Value>(
  read: () => Value,
  what = 'the expected state',
  timeoutMs = 5_000,
): Promise<NonNullable<Value>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = read();
    if (value !== undefined && value !== null && (value as unknown) !== false) return value;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 3);
    });
  }
}
