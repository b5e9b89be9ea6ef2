// One test of the messenger contract: a world with our number and a customer, and the messenger that serves it.
import { expect } from 'vitest';
import { BridgeError } from '../../../src/domain/errors.ts';
import { as, type AccountId } from '../../../src/domain/ids.ts';
import type { Messenger } from '../../../src/platforms/messenger.ts';
import type { LinkStep } from '../../../src/domain/link.ts';
import { Told } from './told.ts';
import type { Customer, OwnPhone, World } from './world.ts';

export const ACME = as<AccountId>('acme');
export const OTHER = as<AccountId>('other');

/** `messenger` and `told` are those of the newest start. */
export class Play {
  readonly world: World;
  readonly us: OwnPhone;
  readonly ana: Customer;
  messenger: Messenger;
  told = new Told();

  constructor(world: World) {
    this.world = world;
    this.us = world.ownPhone('Acme');
    this.ana = world.customer('Ana');
    this.messenger = world.messenger();
  }

  /** A new messenger on the same stores, as when the program starts again. */
  async startAgain(): Promise<void> {
    this.messenger = this.world.messenger();
    await this.start();
  }

  async start(): Promise<void> {
    this.told = new Told();
    await this.messenger.start({ onEvent: this.told.onEvent });
  }

  /** Links by QR text; resolves to the steps. */
  async linkByQr(account = ACME, phone = this.us): Promise<LinkStep[]> {
    const steps: LinkStep[] = [];
    for await (const step of this.messenger.link(account, { method: 'qr' })) {
      steps.push(step);
      if (step.step === 'qr') await phone.scan(step.qr);
    }
    return steps;
  }

  async linked(): Promise<void> {
    await this.linkByQr();
    await this.told.state('connected');
  }

  async close(): Promise<void> {
    this.world.sessions.beforeSet = undefined;
    await this.world.stop();
  }
}

/** What a promise that must fail fails with. */
export async function failureOf(work: Promise<unknown>): Promise<BridgeError> {
  const error: unknown = await work.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(BridgeError);
  return error as BridgeError;
}
