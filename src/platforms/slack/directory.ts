// Who is who in the Workspace: people by email and by id, remembered for a while.
import type { UserId } from '../../domain/ids.ts';
import type { Clock } from '../../runtime/time.ts';
import type { Api } from './api.ts';
import { slackCode } from './errors.ts';
import { userId } from './ids.ts';

/** How long an answer of Slack's is taken for true, in milliseconds. Changes that Slack tells us of count at once. */
const FRESH_MS = 10 * 60_000;
/** Somebody who wasn't found may be invited any moment. */
const ABSENT_FRESH_MS = 30_000;
const MAX_REMEMBERED = 10_000;

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly email?: string;
  readonly kind: 'person' | 'guest' | 'bot';
  /** Deactivated, or of another workspace. */
  readonly isElsewhere: boolean;
}

interface SlackUser {
  readonly id?: string;
  readonly team_id?: string;
  readonly deleted?: boolean;
  readonly is_bot?: boolean;
  readonly is_restricted?: boolean;
  readonly is_ultra_restricted?: boolean;
  readonly is_stranger?: boolean;
  readonly name?: string;
  readonly real_name?: string;
  readonly profile?: { readonly email?: string; readonly display_name?: string; readonly real_name?: string };
}

interface Remembered {
  readonly answer: Promise<Person | undefined>;
  freshUntilMs: number;
}

export class Directory {
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #teamId: () => string | undefined;
  readonly #byEmail = new Map<string, Remembered>();
  readonly #byId = new Map<string, Remembered>();

  constructor(api: Api, clock: Clock, teamId: () => string | undefined) {
    this.#api = api;
    this.#clock = clock;
    this.#teamId = teamId;
  }

  /** The person with this email who may be in channels. */
  async find(email: string): Promise<UserId | undefined> {
    const person = await this.#ofEmail(email);
    return person === undefined || person.isElsewhere || person.kind !== 'person' ? undefined : userId(person.id);
  }

  /** What whoever has this email is instead: a bot, or no full member here. */
  async findOutsider(email: string): Promise<'guest' | 'bot' | undefined> {
    const person = await this.#ofEmail(email);
    if (person === undefined) return undefined;
    if (person.kind === 'person') return person.isElsewhere ? 'guest' : undefined;
    return person.kind;
  }

  #ofEmail(email: string): Promise<Person | undefined> {
    const wanted = email.trim().toLowerCase();
    return this.#remember(this.#byEmail, wanted, () => this.#ask('users.lookupByEmail', { email: wanted }));
  }

  /** A person by id; undefined when Slack knows none. */
  async describe(user: string): Promise<Person | undefined> {
    return this.#remember(this.#byId, user, () => this.#ask('users.info', { user }));
  }

  /** The names of these people, as far as they're known when `enough` resolves; later ones are there next time. */
  async names(users: ReadonlySet<string>, enough: Promise<void>): Promise<ReadonlyMap<string, string>> {
    const names = new Map<string, string>();
    const lookUp = async (user: string): Promise<void> => {
      try {
        const person = await this.describe(user);
        if (person !== undefined) names.set(user, person.name);
      } catch {
        // A name is decoration: the message goes its way without it.
      }
    };
    if (users.size > 0) await Promise.race([Promise.all([...users].map(lookUp)), enough]);
    return new Map(names);
  }

  /** Something about a person changed, or a person is new. */
  forget(user: string): void {
    this.#byId.delete(user);
    // Somebody may have taken over an email: which of the remembered answers that concerns can't be known.
    this.#byEmail.clear();
  }

  async #ask(
    method: 'users.lookupByEmail' | 'users.info',
    argument: { email: string } | { user: string },
  ): Promise<Person | undefined> {
    try {
      const answer = await this.#api.read(method, (web) => web.apiCall(method, argument));
      return this.#personOf((answer as { readonly user?: SlackUser }).user ?? {});
    } catch (error) {
      if (['users_not_found', 'user_not_found', 'user_not_visible'].includes(slackCode(error) ?? '')) return undefined;
      throw error;
    }
  }

  #personOf(user: SlackUser): Person {
    const teamId = this.#teamId();
    const isGuest = user.is_restricted === true || user.is_ultra_restricted === true;
    const isBot = user.is_bot === true || user.id === 'USLACKBOT';
    const name = user.profile?.display_name || user.profile?.real_name || user.real_name || user.name || user.id || '';
    const email = user.profile?.email;
    return {
      id: user.id ?? '',
      name,
      ...(email ? { email } : {}),
      kind: isBot ? 'bot' : isGuest ? 'guest' : 'person',
      isElsewhere:
        user.deleted === true ||
        user.is_stranger === true ||
        (user.team_id !== undefined && teamId !== undefined && user.team_id !== teamId),
    };
  }

  /** One question at a time for each key; a failure isn't remembered. */
  async #remember(
    answers: Map<string, Remembered>,
    key: string,
    ask: () => Promise<Person | undefined>,
  ): Promise<Person | undefined> {
    const nowMs = this.#clock.monotonicMs();
    const known = answers.get(key);
    if (known !== undefined && known.freshUntilMs > nowMs) return known.answer;
    if (answers.size >= MAX_REMEMBERED) answers.clear();
    const remembered: Remembered = { answer: ask(), freshUntilMs: nowMs + FRESH_MS };
    answers.set(key, remembered);
    try {
      const person = await remembered.answer;
      if (person === undefined) remembered.freshUntilMs = nowMs + ABSENT_FRESH_MS;
      return person;
    } catch (error) {
      if (answers.get(key) === remembered) answers.delete(key);
      throw error;
    }
  }
}
