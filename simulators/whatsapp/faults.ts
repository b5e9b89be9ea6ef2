// What goes wrong on purpose: per account the state the rest of the simulator consults, and the switches tests turn.
import type { Account, Directory } from './directory.ts';
import type { CertificateMode } from './certificates.ts';
import { CompanionDevice } from './companion.ts';
import { node, type BinaryNode } from './nodes.ts';

/**
 * What becomes of a companion's message. `prompt`: ack, then delivery. `delay`: delivered at once, ack after `delayMs`.
 * `withhold`: delivered, never acked. `lose`: neither. `refuse`: not delivered, ack with an error code (463, 479).
 * `cut`: delivered, then the link dies before the ack.
 */
export type AckPolicy =
  | { readonly kind: 'prompt' | 'withhold' | 'lose' | 'cut' }
  | { readonly kind: 'delay'; readonly delayMs: number }
  | { readonly kind: 'refuse'; readonly code: number };

/** How the media host misbehaves; `times` is how often, for ever when absent. Applies to the named direction only. */
export interface MediaFault {
  readonly on: 'upload' | 'download';
  readonly fault:
    | { readonly kind: 'status'; readonly status: number }
    | { readonly kind: 'slow'; readonly delayMs: number }
    | { readonly kind: 'truncated' | 'corrupt' };
  readonly times?: number;
}

/** Why a stream ends. `restart` is 515, `unavailable` 503, `replaced` what Baileys calls 440, `device-removed` 401. */
export type StreamEnd = 'restart' | 'unavailable' | 'replaced' | 'device-removed';

/** How a link is cut: the TCP connection destroyed, the same in the middle of a frame, or silent in both directions without an end. */
export type CutKind = 'reset' | 'mid-frame' | 'half-open';

/** The faults of one account, as the sessions and queues ask for them. */
export class AccountFaults {
  isHolding = false;
  omitsMarker = false;
  forgetsAcks = false;
  readonly withheldQueries = new Set<string>();
  #acks: { policy: AckPolicy; left: number }[] = [];
  #refusal: { reason: number; left: number } | undefined;
  #replayCut: number | undefined;
  #duplicates = 0;

  /** Everything as it should be; a held queue is let go by whoever holds the devices. */
  reset(): void {
    this.omitsMarker = false;
    this.forgetsAcks = false;
    this.withheldQueries.clear();
    this.#acks = [];
    this.#refusal = undefined;
    this.#replayCut = undefined;
    this.#duplicates = 0;
  }

  setAcks(policy: AckPolicy, times: number): void {
    this.#acks = policy.kind === 'prompt' ? [] : [{ policy, left: times }];
  }

  takeAck(): AckPolicy {
    const current = this.#acks[0];
    if (!current) return { kind: 'prompt' };
    current.left -= 1;
    if (current.left <= 0) this.#acks = [];
    return current.policy;
  }

  setRefusal(reason: number, times: number): void {
    this.#refusal = times > 0 ? { reason, left: times } : undefined;
  }

  takeRefusal(): number | undefined {
    const refusal = this.#refusal;
    if (!refusal) return undefined;
    refusal.left -= 1;
    if (refusal.left <= 0) this.#refusal = undefined;
    return refusal.reason;
  }

  setReplayCut(after: number | undefined): void {
    this.#replayCut = after;
  }

  takeReplayCut(): number | undefined {
    const after = this.#replayCut;
    this.#replayCut = undefined;
    return after;
  }

  addDuplicates(count: number): void {
    this.#duplicates += count;
  }

  takeDuplicate(): boolean {
    if (this.#duplicates === 0) return false;
    this.#duplicates -= 1;
    return true;
  }
}

/** Names the account a fault is for; a Phone is one. */
export interface Whom {
  readonly number: string;
}

/** The link of a companion, as far as faults break it. */
export interface BreakableLink {
  cut(how: CutKind): void;
  end(stanza: BinaryNode): void;
}

/** The switches. Each names the account by its phone; all of them act on the account's companions, never on the phone itself. */
export class Faults {
  /** The chain the next handshakes present. */
  certificate: CertificateMode = 'genuine';
  readonly #directory: Directory;
  readonly #note: (account: string, fault: string) => void;
  readonly #states = new Map<string, AccountFaults>();
  readonly #links = new Map<CompanionDevice, BreakableLink>();
  #media: { fault: MediaFault; left: number }[] = [];

  constructor(directory: Directory, note: (account: string, fault: string) => void) {
    this.#directory = directory;
    this.#note = note;
  }

  /** Cuts every link of an account. */
  cut(whom: Whom, how: CutKind = 'reset'): void {
    this.#note(whom.number, `cut ${how}`);
    for (const link of this.#linksOf(whom)) link.cut(how);
  }

  /** Ends every stream of an account with an error and closes it. */
  endStream(whom: Whom, reason: StreamEnd): void {
    this.#note(whom.number, `stream ${reason}`);
    for (const link of this.#linksOf(whom)) link.end(streamEnd(reason));
  }

  /** Refuses the next logins with `<failure reason>`; until `acceptLogins` when `times` is absent. */
  refuseLogins(whom: Whom, reason: number, times = Infinity): void {
    this.#note(whom.number, `refuse logins ${reason}`);
    this.of(whom).setRefusal(reason, times);
  }

  acceptLogins(whom: Whom): void {
    this.of(whom).setRefusal(0, 0);
  }

  /** From the next login on, nothing queued is sent and no marker either, until released. */
  holdQueue(whom: Whom): void {
    this.of(whom).isHolding = true;
  }

  releaseQueue(whom: Whom): void {
    this.of(whom).isHolding = false;
    for (const device of this.#companions(whom)) device.release();
  }

  /** At the next login the link dies after so many stanzas of the backlog, or after all of them but before the marker. */
  cutReplayAfter(whom: Whom, stanzas: number): void {
    this.of(whom).setReplayCut(stanzas);
  }

  /** Leaves out the marker that ends the offline queue. */
  omitMarker(whom: Whom, on = true): void {
    this.of(whom).omitsMarker = on;
  }

  /** The next messages to the account's companions are sent twice, same stanza. */
  duplicate(whom: Whom, count = 1): void {
    this.of(whom).addDuplicates(count);
  }

  /** While on, nothing the companion acknowledges leaves its queue: at the next login it all comes again. */
  forgetAcks(whom: Whom, on = true): void {
    this.of(whom).forgetsAcks = on;
  }

  /** What becomes of the companion's next messages; for ever when `times` is absent. `prompt` ends it. */
  acks(whom: Whom, policy: AckPolicy, times = Infinity): void {
    this.#note(whom.number, `acks ${policy.kind}`);
    this.of(whom).setAcks(policy, times);
  }

  /** Leaves queries of an xmlns ("usync", "encrypt", "w:g2", "w:m") unanswered. */
  withhold(whom: Whom, xmlns: string): void {
    this.#note(whom.number, `withhold ${xmlns}`);
    this.of(whom).withheldQueries.add(xmlns);
  }

  answer(whom: Whom, xmlns: string): void {
    this.of(whom).withheldQueries.delete(xmlns);
  }

  /** Throws away the one-time prekeys the account's companions have uploaded. */
  drainPreKeys(whom: Whom): void {
    for (const device of this.#companions(whom)) device.drainPreKeys();
  }

  /** Adds a fault of the media host; the first one that fits a request is used. */
  media(fault: MediaFault): void {
    this.#media.push({ fault, left: fault.times ?? Infinity });
  }

  /** Ends every fault, of all accounts and the media host; a held queue is released. */
  clear(): void {
    this.certificate = 'genuine';
    this.#media = [];
    for (const [number, state] of this.#states) {
      state.reset();
      this.releaseQueue({ number });
    }
  }

  /** For the simulator's own files: the state of an account. */
  of(whom: Whom): AccountFaults {
    const known = this.#states.get(whom.number);
    if (known) return known;
    const state = new AccountFaults();
    this.#states.set(whom.number, state);
    return state;
  }

  /** For the simulator's own files: which link can be broken for a device. */
  attach(device: CompanionDevice, link: BreakableLink): void {
    this.#links.set(device, link);
  }

  /** For the simulator's own files: the media fault a request meets, if any. */
  takeMedia(on: MediaFault['on']): MediaFault['fault'] | undefined {
    const found = this.#media.find((entry) => entry.fault.on === on);
    if (!found) return undefined;
    found.left -= 1;
    if (found.left <= 0) this.#media = this.#media.filter((entry) => entry !== found);
    return found.fault.fault;
  }

  #companions(whom: Whom): CompanionDevice[] {
    const account: Account | undefined = this.#directory.byNumber(whom.number);
    return [...(account?.devices.values() ?? [])].filter((device) => device instanceof CompanionDevice);
  }

  #linksOf(whom: Whom): BreakableLink[] {
    return this.#companions(whom).flatMap((device) => {
      const link = this.#links.get(device);
      return link && device.isOnline ? [link] : [];
    });
  }
}

/** The stanza that ends a stream for a reason. */
export function streamEnd(reason: StreamEnd): BinaryNode {
  const ends: Record<StreamEnd, BinaryNode> = {
    restart: node('stream:error', { code: '515' }),
    unavailable: node('stream:error', { code: '503' }),
    replaced: node('stream:error', {}, [node('conflict', { type: 'replaced' })]),
    'device-removed': node('stream:error', { code: '401' }, [node('conflict', { type: 'device_removed' })]),
  };
  return ends[reason];
}
