// The "linked devices" screen of an account: which companions it has, logging them out, and telling everybody else's companions.
import { createHash, randomBytes } from 'node:crypto';
import { CompanionDevice } from './companion.ts';
import type { Account, Directory } from './directory.ts';
import { streamEnd } from './faults.ts';
import { node, secondsNow } from './nodes.ts';
import type { ObservationLog } from './observations.ts';

/** A linked companion as the screen shows it. */
export interface LinkedCompanion {
  readonly deviceId: number;
  readonly isOnline: boolean;
}

/** The companions of one account. */
export class LinkedDevices {
  readonly #account: Account;
  readonly #directory: Directory;
  readonly #log: ObservationLog;

  constructor(account: Account, directory: Directory, log: ObservationLog) {
    this.#account = account;
    this.#directory = directory;
    this.#log = log;
  }

  get all(): CompanionDevice[] {
    return [...this.#account.devices.values()].filter((device) => device instanceof CompanionDevice);
  }

  shown(): readonly LinkedCompanion[] {
    return this.all.map((device) => ({ deviceId: device.id, isOnline: device.isOnline }));
  }

  /** A companion was linked. */
  added(device: CompanionDevice): void {
    this.#log.add(this.#account.number, { kind: 'linked', deviceId: device.id });
    this.#tell('add', device);
  }

  /** Logs a companion out: its stream ends with 401 and later logins are refused. */
  remove(device: CompanionDevice): void {
    this.#account.devices.delete(device.id);
    this.#log.add(this.#account.number, { kind: 'unlinked', deviceId: device.id });
    device.link?.send(streamEnd('device-removed'));
    device.link?.destroy();
    this.#tell('remove', device);
  }

  /** Device lists are kept under both names of an account, so both are told. */
  #tell(change: 'add' | 'remove', device: CompanionDevice): void {
    const ids = [...this.#account.devices.keys()].join(',');
    const hash = `2:${createHash('sha256').update(ids).digest('base64').slice(0, 8)}`;
    const others = this.#directory.accounts.flatMap((account) => [...account.devices.values()]);
    for (const other of others) {
      if (!(other instanceof CompanionDevice) || other === device) continue;
      for (const form of ['lid', 'pn'] as const) {
        const listed = node('device', {
          jid: this.#account.jid(form, device.id),
          'key-index': String(device.keyIndex),
        });
        const attrs = {
          from: this.#account.jid(form),
          type: 'devices',
          id: randomBytes(6).toString('hex'),
          t: secondsNow(),
        };
        other.deliver(node('notification', attrs, [node(change, { device_hash: hash }, [listed])]));
      }
    }
  }
}
