// Groups: who is in them, what they are called, and the notifications every change sends to the members' companions.
import { randomBytes } from 'node:crypto';
import type { Account, Directory } from './directory.ts';
import type { Whom } from './faults.ts';
import { node, secondsNow, type Addressing, type BinaryNode } from './nodes.ts';

type Rank = 'member' | 'admin' | 'superadmin';

/** One group. Its methods act as the member named by `by` and notify everybody, as the app would. */
export class Group {
  readonly jid: string;
  readonly addressing: Addressing;
  readonly members = new Map<Account, Rank>();
  readonly #directory: Directory;
  readonly #creator: Account;
  readonly #createdAt = secondsNow();
  #subject: string;
  #subjectAt = this.#createdAt;
  #subjectBy: Account;
  #description: { id: string; text: string; by: Account; at: string } | undefined;
  #isAnnouncement = false;
  #isLocked = false;
  #expiration = 0;

  constructor(directory: Directory, creator: Account, subject: string, addressing: Addressing) {
    this.#directory = directory;
    this.#creator = creator;
    this.#subject = subject;
    this.#subjectBy = creator;
    this.addressing = addressing;
    this.jid = `120363${String(randomBytes(6).readUIntBE(0, 6)).padStart(15, '0').slice(0, 12)}@g.us`;
    this.members.set(creator, 'superadmin');
  }

  get subject(): string {
    return this.#subject;
  }

  get description(): string | undefined {
    return this.#description?.text;
  }

  add(by: Whom, ...added: readonly Whom[]): void {
    const accounts = added.map((whom) => this.#account(whom));
    for (const account of accounts) this.members.set(account, 'member');
    this.#changed(by, node('add', {}, this.#participants(accounts)));
  }

  remove(by: Whom, ...removed: readonly Whom[]): void {
    const accounts = removed.map((whom) => this.#account(whom));
    const witnesses = [...this.members.keys()];
    const content = this.#participants(accounts);
    for (const account of accounts) this.members.delete(account);
    this.#changed(by, node('remove', {}, content), witnesses);
  }

  /** Leaving is removing oneself. */
  leave(who: Whom): void {
    this.remove(who, who);
  }

  promote(by: Whom, ...whom: readonly Whom[]): void {
    this.#rank(by, 'promote', 'admin', whom);
  }

  demote(by: Whom, ...whom: readonly Whom[]): void {
    this.#rank(by, 'demote', 'member', whom);
  }

  setSubject(by: Whom, subject: string): void {
    this.#subject = subject;
    this.#subjectAt = secondsNow();
    this.#subjectBy = this.#account(by);
    this.#changed(by, node('subject', { subject, s_t: this.#subjectAt, s_o: this.#subjectBy.jid(this.addressing) }));
  }

  /** An empty text deletes the description. */
  setDescription(by: Whom, text: string): void {
    const id = randomBytes(8).toString('hex').toUpperCase();
    this.#description = text === '' ? undefined : { id, text, by: this.#account(by), at: secondsNow() };
    const body = text === '' ? [node('delete')] : [node('body', {}, Buffer.from(text))];
    this.#changed(by, node('description', { id }, body));
  }

  setAnnouncement(by: Whom, on: boolean): void {
    this.#isAnnouncement = on;
    this.#changed(by, node(on ? 'announcement' : 'not_announcement'));
  }

  setLocked(by: Whom, on: boolean): void {
    this.#isLocked = on;
    this.#changed(by, node(on ? 'locked' : 'unlocked'));
  }

  /** Disappearing messages, in seconds; 0 switches them off. */
  setExpiration(by: Whom, seconds: number): void {
    this.#expiration = seconds;
    this.#changed(by, seconds > 0 ? node('ephemeral', { expiration: String(seconds) }) : node('not_ephemeral'));
  }

  isAdmin(account: Account): boolean {
    const rank = this.members.get(account);
    return rank === 'admin' || rank === 'superadmin';
  }

  /** The `<group>` node as answers and the `create` notification carry it. */
  describe(): BinaryNode {
    const content = this.#participants([...this.members.keys()]);
    const description = this.#description;
    if (description) {
      const { id, text, by, at } = description;
      const attrs = { id, t: at, participant: by.jid(this.addressing), participant_pn: by.pn };
      content.push(node('description', attrs, [node('body', {}, Buffer.from(text))]));
    }
    if (this.#isAnnouncement) content.push(node('announcement'));
    if (this.#isLocked) content.push(node('locked'));
    if (this.#expiration > 0) content.push(node('ephemeral', { expiration: String(this.#expiration) }));
    return node(
      'group',
      {
        id: this.jid.slice(0, this.jid.indexOf('@')),
        subject: this.#subject,
        s_t: this.#subjectAt,
        s_o: this.#subjectBy.jid(this.addressing),
        s_o_pn: this.#subjectBy.pn,
        creation: this.#createdAt,
        creator: this.#creator.jid(this.addressing),
        creator_pn: this.#creator.pn,
        addressing_mode: this.addressing,
        size: String(this.members.size),
      },
      content,
    );
  }

  /** Tells everybody of the new group. */
  announce(): void {
    this.#changed(this.#creator, node('create', { type: 'new' }, [this.describe()]));
  }

  #rank(by: Whom, tag: 'promote' | 'demote', rank: Rank, whom: readonly Whom[]): void {
    const accounts = whom.map((one) => this.#account(one));
    for (const account of accounts) this.members.set(account, rank);
    this.#changed(by, node(tag, {}, this.#participants(accounts)));
  }

  #participants(accounts: readonly Account[]): BinaryNode[] {
    return accounts.map((account) => {
      const rank = this.members.get(account);
      return node('participant', {
        jid: account.jid(this.addressing),
        type: rank === 'member' ? undefined : rank,
        phone_number: this.addressing === 'lid' ? account.pn : undefined,
        lid: this.addressing === 'pn' ? account.lid : undefined,
      });
    });
  }

  #changed(by: Whom, change: BinaryNode, witnesses: readonly Account[] = [...this.members.keys()]): void {
    const actor = this.#account(by);
    const isLid = this.addressing === 'lid';
    const notification = node(
      'notification',
      {
        from: this.jid,
        type: 'w:gp2',
        id: randomBytes(5).toString('hex').toUpperCase(),
        t: secondsNow(),
        notify: actor.name,
        addressing_mode: this.addressing,
        participant: actor.jid(this.addressing),
        participant_pn: isLid ? actor.pn : undefined,
        participant_lid: isLid ? undefined : actor.lid,
      },
      [change],
    );
    for (const witness of witnesses) for (const device of witness.devices.values()) device.deliver(notification);
  }

  #account(whom: Whom): Account {
    const account = this.#directory.byNumber(whom.number);
    if (!account) throw new Error(`nobody has the number ${whom.number}`);
    return account;
  }
}

/** All groups. */
export class Groups {
  readonly #byJid = new Map<string, Group>();
  readonly #directory: Directory;

  constructor(directory: Directory) {
    this.#directory = directory;
  }

  create(owner: Account, subject: string, members: readonly Account[], addressing: Addressing): Group {
    const group = new Group(this.#directory, owner, subject, addressing);
    for (const member of members) group.members.set(member, 'member');
    group.members.set(owner, 'superadmin');
    this.#byJid.set(group.jid, group);
    group.announce();
    return group;
  }

  get all(): Group[] {
    return [...this.#byJid.values()];
  }

  find(jid: string | undefined): Group | undefined {
    return jid === undefined ? undefined : this.#byJid.get(jid);
  }

  of(account: Account): Group[] {
    return [...this.#byJid.values()].filter((group) => group.members.has(account));
  }
}
