// What should be, said as simply as possible: the rules, who is where, who left by hand, and which replies may reach a customer.
import type { Place } from './access-estate.ts';

/** People of both places. Gus is a guest in Slack, Eve is nobody's Agent ever. */
export const PEOPLE = ['ada', 'ben', 'cy', 'gus', 'eve'] as const;
export type Who = (typeof PEOPLE)[number];
export const LABELS = ['VIP', 'Sales'] as const;
export type LabelName = (typeof LABELS)[number];
export const CHATS = [0, 1] as const;
export type ChatNumber = (typeof CHATS)[number];

export const emailOf = (who: Who): string => `${who}@acme.test`;

/** What was decided a moment ago may be on its way to the customer for so long, on a busy machine. */
const ON_ITS_WAY_MS = 400;

interface Said {
  readonly who: Who;
  readonly place: Place;
  readonly chat: ChatNumber;
  /** Whether the rules allowed it at every moment from when it was said, and at any. */
  always: boolean;
  ever: boolean;
  /** Nothing of it is under way any more. */
  isSettled: boolean;
}

export class Model {
  readonly agents = new Map<Who, { role: 'admin' | 'member'; status: 'invited' | 'active' | 'deactivated' }>();
  /** `who chat` and `who label`, with the moment when it ends. */
  readonly direct = new Map<string, number>();
  readonly granted = new Map<string, number>();
  /** `label chat` */
  readonly labelled = new Set<string>();
  /** `place who chat` */
  readonly left = new Set<string>();
  /** `place who` */
  readonly present = new Set<string>();
  /** Who was linked to their Discord user. */
  readonly linked = new Set<Who>();
  readonly said = new Map<string, Said>();
  readonly violations: string[] = [];
  readonly #now: () => number;
  #sent: { readonly text: string; readonly atMs: number }[] = [];
  #allowed = new Set<string>();
  #before = new Set<string>();
  #changedAtMs = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  sees(who: Who, chat: ChatNumber): boolean {
    const agent = this.agents.get(who);
    if (agent?.status !== 'active') return false;
    if (agent.role === 'admin') return true;
    const stands = (endsAtMs: number | undefined) => endsAtMs !== undefined && endsAtMs > this.#now();
    if (stands(this.direct.get(`${who} ${chat}`))) return true;
    return LABELS.some((label) => stands(this.granted.get(`${who} ${label}`)) && this.labelled.has(`${label} ${chat}`));
  }

  /** Whether the program can know who this is there. */
  isKnown(place: Place, who: Who): boolean {
    if (!this.agents.has(who)) return false;
    return place === 'slack' ? who !== 'gus' : this.linked.has(who);
  }

  isWanted(place: Place, who: Who, chat: ChatNumber): boolean {
    return this.isKnown(place, who) && this.sees(who, chat);
  }

  /** Who can read a channel once all is quiet. */
  readers(place: Place, chat: ChatNumber): Who[] {
    return PEOPLE.filter(
      (who) =>
        this.present.has(`${place} ${who}`) &&
        this.isWanted(place, who, chat) &&
        !this.left.has(`${place} ${who} ${chat}`),
    );
  }

  get admins(): Who[] {
    return [...this.agents].flatMap(([who, { role, status }]) =>
      role === 'admin' && status === 'active' ? [who] : [],
    );
  }

  /** A member who can be granted something. */
  isGrantable(who: Who): boolean {
    const agent = this.agents.get(who);
    return agent?.role === 'member' && agent.status !== 'deactivated';
  }

  say(text: string, said: Pick<Said, 'who' | 'place' | 'chat'>): void {
    const isAllowed = this.isWanted(said.place, said.who, said.chat);
    this.said.set(text, { ...said, always: isAllowed, ever: isAllowed, isSettled: false });
    if (isAllowed) this.#allowed.add(text);
  }

  /** At the moment it is handed over to be sent. */
  sending(text: string): void {
    this.#sent.push({ text, atMs: performance.now() });
  }

  /** After each step: what the rules say now, and whether what was sent meanwhile was allowed before or after it. */
  stepped(name: string): void {
    const now = new Set<string>();
    for (const [text, said] of this.said) {
      const isAllowed = this.isWanted(said.place, said.who, said.chat);
      if (isAllowed) now.add(text);
      if (said.isSettled) continue;
      said.always &&= isAllowed;
      said.ever ||= isAllowed;
    }
    for (const { text, atMs } of this.#sent) {
      const wasOnItsWay = atMs - this.#changedAtMs < ON_ITS_WAY_MS && this.#before.has(text);
      if (!now.has(text) && !this.#allowed.has(text) && !wasOnItsWay)
        this.violations.push(`${text}, sent at “${name}”`);
    }
    this.#sent = [];
    this.#before = this.#allowed;
    this.#allowed = now;
    this.#changedAtMs = performance.now();
  }

  /** Nothing is under way: what was to come has come. Gives what is wrong about it. */
  settled(received: readonly string[]): string[] {
    const faults: string[] = [];
    for (const [text, said] of this.said) {
      const count = received.filter((one) => one === text).length;
      if (count > 1) faults.push(`${text} came ${count} times`);
      if (count > 0 && !said.ever) faults.push(`${text} came and was never allowed`);
      if (count === 0 && said.always && !said.isSettled)
        faults.push(`${text} was allowed all the time and didn’t come`);
      said.isSettled = true;
    }
    const unknown = received.filter((text) => !this.said.has(text));
    return [...faults, ...unknown.map((text) => `nobody said ${text}`), ...this.violations];
  }
}
