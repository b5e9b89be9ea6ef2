// Answers a companion's group queries (`w:g2`) and does what they ask, as the member the companion belongs to.
import type { Account, Directory } from './directory.ts';
import type { Group, Groups } from './groups.ts';
import type { Answer } from './iq.ts';
import { allChildren, bytesOf, child, children, node, type BinaryNode } from './nodes.ts';

const NOT_FOUND: Answer = { error: 404, text: 'item-not-found' };
const FORBIDDEN: Answer = { error: 403, text: 'forbidden' };

/** Reads and changes groups for companions. */
export class GroupDesk {
  readonly #directory: Directory;
  readonly #groups: Groups;

  constructor(directory: Directory, groups: Groups) {
    this.#directory = directory;
    this.#groups = groups;
  }

  answer(account: Account, stanza: BinaryNode): Answer {
    const request = allChildren(stanza)[0];
    if (!request) return { error: 400, text: 'bad-request' };
    if (stanza.attrs['to'] === '@g.us') return this.#atLarge(account, request);
    const group = this.#groups.find(stanza.attrs['to']);
    if (!group) return NOT_FOUND;
    if (!group.members.has(account)) return FORBIDDEN;
    if (stanza.attrs['type'] === 'get') return this.#read(group, request);
    return this.#change(account, group, request);
  }

  #atLarge(account: Account, request: BinaryNode): Answer {
    switch (request.tag) {
      case 'participating': {
        const groups = this.#groups.of(account).map((group) => group.describe());
        return { content: [node('groups', {}, groups)] };
      }
      case 'create': {
        const members = this.#named(request);
        return { content: [this.#groups.create(account, request.attrs['subject'] ?? '', members, 'lid').describe()] };
      }
      case 'leave': {
        const left = children(request, 'group').map((entry) => this.#groups.find(entry.attrs['id']));
        for (const group of left) group?.leave(account);
        return { content: [request] };
      }
      default:
        return NOT_FOUND;
    }
  }

  #read(group: Group, request: BinaryNode): Answer {
    switch (request.tag) {
      case 'query':
        return { content: [group.describe()] };
      case 'invite':
        return { content: [node('invite', { code: 'SimulatedInvite' })] };
      case 'membership_approval_requests':
        return { content: [node('membership_approval_requests')] };
      default:
        return { error: 400, text: 'bad-request' };
    }
  }

  #change(account: Account, group: Group, request: BinaryNode): Answer {
    if (request.tag !== 'subject' && request.tag !== 'description' && !group.isAdmin(account)) return FORBIDDEN;
    const named = this.#named(request);
    switch (request.tag) {
      case 'subject':
        group.setSubject(account, bytesOf(request).toString());
        return {};
      case 'description':
        group.setDescription(account, bytesOf(child(request, 'body')).toString());
        return {};
      case 'announcement':
      case 'not_announcement':
        group.setAnnouncement(account, request.tag === 'announcement');
        return {};
      case 'locked':
      case 'unlocked':
        group.setLocked(account, request.tag === 'locked');
        return {};
      case 'ephemeral':
      case 'not_ephemeral':
        group.setExpiration(account, Number(request.attrs['expiration'] ?? 0));
        return {};
      case 'add':
        group.add(account, ...named);
        return { content: [request] };
      case 'remove':
        group.remove(account, ...named);
        return { content: [request] };
      case 'promote':
        group.promote(account, ...named);
        return { content: [request] };
      case 'demote':
        group.demote(account, ...named);
        return { content: [request] };
      default:
        return { error: 400, text: 'bad-request' };
    }
  }

  #named(request: BinaryNode): Account[] {
    const jids = children(request, 'participant').map((entry) => entry.attrs['jid']);
    return jids.flatMap((jid) => this.#directory.account(jid) ?? []);
  }
}
