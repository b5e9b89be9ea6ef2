// The desk that answers a companion's queries: keys, device lists, group business, media hosts and the small change.
import type { CompanionDevice } from './companion.ts';
import type { Account, Directory } from './directory.ts';
import type { Faults } from './faults.ts';
import { GroupDesk } from './group-desk.ts';
import type { Groups } from './groups.ts';
import { allChildren, bytesOf, child, children, jidOf, node, SERVER, type BinaryNode } from './nodes.ts';
import { CompanionDevice as Companion } from './companion.ts';
import type { PreKey } from './signal.ts';

/** What an answer holds: children, or an error with its code and text. */
export type Answer = { readonly content?: BinaryNode[] } | { readonly error: number; readonly text: string };

/** What the desk needs of the rest of the server. */
interface DeskParts {
  readonly directory: Directory;
  readonly groups: Groups;
  readonly faults: Faults;
  /** `localhost:port` of the media host. */
  mediaHost(): string;
  unlink(device: CompanionDevice): void;
  unknown(name: string): void;
}

/** Longest upload the media host says it takes. */
const MAX_MEDIA_BYTES = 2_000_000_000;

/** Answers iq stanzas. */
export class IqDesk {
  readonly #parts: DeskParts;
  readonly #groups: GroupDesk;
  /** App state versions per account and collection; patches are counted, not read. */
  readonly #collections = new Map<string, number>();

  constructor(parts: DeskParts) {
    this.#parts = parts;
    this.#groups = new GroupDesk(parts.directory, parts.groups);
  }

  /** The answer to a query; undefined for a result of the client's own, or for a query that is being withheld. */
  async answer(device: CompanionDevice, stanza: BinaryNode): Promise<BinaryNode | undefined> {
    const { id, type, xmlns = '', to = SERVER } = stanza.attrs;
    if (type === 'result' || type === 'error') return undefined;
    if (this.#parts.faults.of(device.account).withheldQueries.has(xmlns)) return undefined;
    const answer = await this.#dispatch(device, stanza, xmlns);
    if ('error' in answer) {
      const error = node('error', { code: String(answer.error), text: answer.text });
      return node('iq', { from: to, type: 'error', id }, [error]);
    }
    return node('iq', { from: to, type: 'result', id }, answer.content);
  }

  async #dispatch(device: CompanionDevice, stanza: BinaryNode, xmlns: string): Promise<Answer> {
    const request = allChildren(stanza)[0];
    switch (xmlns) {
      case 'encrypt':
        return this.#encrypt(device, stanza);
      case 'usync':
        return { content: [this.#usync(child(stanza, 'usync'))] };
      case 'w:g2':
        return this.#groups.answer(device.account, stanza);
      case 'w:m': {
        const host = node('host', {
          hostname: this.#parts.mediaHost(),
          maxContentLengthBytes: String(MAX_MEDIA_BYTES),
        });
        return { content: [node('media_conn', { auth: 'simulated-auth', ttl: '300', auth_ttl: '300' }, [host])] };
      }
      case 'w:sync:app:state':
        return { content: [node('sync', {}, this.#appState(device.account, child(stanza, 'sync')))] };
      case 'privacy':
        if (stanza.attrs['type'] !== 'get') return {};
        return { content: [node('privacy', {}, privacyCategories())] };
      case 'abt':
        return { content: [node('props', { protocol: '1', hash: 'simulated' })] };
      case 'blocklist':
        return { content: [node('list')] };
      case 'md':
        if (request?.tag === 'remove-companion-device') setImmediate(() => this.#parts.unlink(device));
        return {};
      case 'w:mex':
        return { content: [node('result', {}, Buffer.from('{"data":{}}'))] };
      case 'w:profile:picture':
        return { error: 404, text: 'item-not-found' };
      case 'passive':
      case 'w:p':
      case 'w:stats':
      case 'urn:xmpp:whatsapp:dirty':
      case 'disappearing_mode':
      case 'status':
      case 'w:biz':
        return {};
      default:
        this.#parts.unknown(`iq ${xmlns} ${request?.tag ?? ''}`.trim());
        return { error: 501, text: 'feature-not-implemented' };
    }
  }

  async #encrypt(device: CompanionDevice, stanza: BinaryNode): Promise<Answer> {
    if (stanza.attrs['type'] === 'set') {
      const rotated = child(child(stanza, 'rotate'), 'skey');
      if (rotated) device.rotate(signedPreKeyOf(rotated));
      else {
        device.upload(
          {
            registration: bytesOf(child(stanza, 'registration')),
            identity: bytesOf(child(stanza, 'identity')),
            signedPreKey: signedPreKeyOf(child(stanza, 'skey')),
          },
          children(child(stanza, 'list'), 'key').map(preKeyOf),
        );
      }
      return {};
    }
    if (child(stanza, 'count')) return { content: [node('count', { value: String(device.preKeyCount) })] };
    if (child(stanza, 'digest')) return { content: [node('digest')] };
    const wanted = child(stanza, 'key');
    if (!wanted) {
      this.#parts.unknown(`iq encrypt ${allChildren(stanza)[0]?.tag ?? ''}`);
      return {};
    }
    const users = await Promise.all(allChildren(wanted).map(async (user) => this.#keys(user.attrs['jid'] ?? '')));
    return { content: [node('list', {}, users)] };
  }

  async #keys(jid: string): Promise<BinaryNode> {
    const device = this.#parts.directory.device(jid);
    if (!device) return node('user', { jid }, [node('error', { code: '404', text: 'item-not-found' })]);
    const { registration, identity, signedPreKey, preKey, deviceIdentity } = await device.bundle();
    return node('user', { jid }, [
      node('registration', {}, registration),
      node('type', {}, Buffer.from([5])),
      node('identity', {}, identity),
      node('skey', {}, [
        node('id', {}, signedPreKey.id),
        node('value', {}, signedPreKey.value),
        node('signature', {}, signedPreKey.signature),
      ]),
      ...(preKey ? [node('key', {}, [node('id', {}, preKey.id), node('value', {}, preKey.value)])] : []),
      ...(deviceIdentity ? [node('device-identity', {}, deviceIdentity)] : []),
    ]);
  }

  #usync(request: BinaryNode | undefined): BinaryNode {
    const protocols = new Set(allChildren(child(request, 'query')).map((protocol) => protocol.tag));
    const users = children(child(request, 'list'), 'user').map((user) => {
      const { jid } = user.attrs;
      const number = bytesOf(child(user, 'contact')).toString().replace(/\D/g, '');
      const account = jid === undefined ? this.#parts.directory.byNumber(number) : this.#parts.directory.account(jid);
      const name = jid ?? jidOf(number, SERVER);
      const content: BinaryNode[] = [];
      if (protocols.has('contact')) content.push(node('contact', { type: account ? 'in' : 'out' }));
      if (account && protocols.has('devices')) content.push(devices(account));
      // A LID asked for by LID would be taken for a phone number; only phone numbers get theirs.
      if (account && protocols.has('lid') && !name.endsWith('@lid')) content.push(node('lid', { val: account.lid }));
      if (account && protocols.has('status')) content.push(node('status', { t: '0' }, Buffer.from('')));
      if (protocols.has('disappearing_mode')) content.push(node('disappearing_mode', { duration: '0', t: '0' }));
      return node('user', { jid: name }, content);
    });
    return node('usync', {}, [node('result'), node('list', {}, users)]);
  }

  #appState(account: Account, sync: BinaryNode | undefined): BinaryNode[] {
    return children(sync, 'collection').map((collection) => {
      const { name = '', version = '0' } = collection.attrs;
      const key = `${account.number} ${name}`;
      const current = this.#collections.get(key) ?? 0;
      if (!child(collection, 'patch')) return node('collection', { name, version: String(current) });
      if (Number(version) !== current) {
        return node('collection', { name, type: 'error' }, [node('error', { code: '409', text: 'conflict' })]);
      }
      this.#collections.set(key, current + 1);
      return node('collection', { name, version: String(current + 1) });
    });
  }
}

function devices(account: Account): BinaryNode {
  const list = [...account.devices.values()].map((device) => {
    // Baileys ignores a companion without a key index.
    const keyIndex = device instanceof Companion ? String(device.keyIndex) : undefined;
    return node('device', { id: String(device.id), 'key-index': keyIndex });
  });
  const index = node('key-index-list', { ts: '0' });
  return node('devices', {}, [node('device-list', {}, list), index]);
}

function privacyCategories(): BinaryNode[] {
  const names = ['readreceipts', 'last', 'online', 'profile', 'status', 'groupadd', 'calladd', 'messages'];
  return names.map((name) => node('category', { name, value: 'all' }));
}

function preKeyOf(key: BinaryNode | undefined): PreKey {
  return { id: bytesOf(child(key, 'id')), value: bytesOf(child(key, 'value')) };
}

function signedPreKeyOf(key: BinaryNode | undefined): PreKey & { readonly signature: Buffer } {
  return { ...preKeyOf(key), signature: bytesOf(child(key, 'signature')) };
}
