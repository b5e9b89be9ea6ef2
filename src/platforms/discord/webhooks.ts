// One webhook of ours in each channel: what posts under a customer's name.
import { Routes } from 'discord.js';
import type { Api } from './api.ts';
import type { DiscordIdentity } from './connection.ts';
import { discordCode } from './errors.ts';

const NAME = 'Switchboard';

export interface Webhook {
  readonly id: string;
  readonly token: string;
}

interface ApiWebhook {
  readonly id: string;
  readonly token?: string;
  readonly application_id?: string | null;
}

export class Webhooks {
  readonly #api: Api;
  readonly #me: () => Promise<DiscordIdentity>;
  readonly #byChannel = new Map<string, Promise<Webhook>>();

  constructor(api: Api, me: () => Promise<DiscordIdentity>) {
    this.#api = api;
    this.#me = me;
  }

  /** Calls with the channel's webhook. One that was deleted by hand is made anew, once: asking a missing one again gets us banned. */
  async use<Answer>(channel: string, call: (webhook: Webhook) => Promise<Answer>): Promise<Answer> {
    try {
      return await call(await this.#of(channel));
    } catch (error) {
      const code = discordCode(error);
      // Unknown webhook, or its token was changed: surely not done.
      if (code !== 10_015 && code !== 50_027) throw error;
      this.#byChannel.delete(channel);
      return call(await this.#of(channel));
    }
  }

  #of(channel: string): Promise<Webhook> {
    const known = this.#byChannel.get(channel);
    if (known !== undefined) return known;
    const opening = this.#open(channel);
    this.#byChannel.set(channel, opening);
    opening.catch(() => this.#byChannel.delete(channel));
    return opening;
  }

  async #open(channel: string): Promise<Webhook> {
    const route = Routes.channelWebhooks(channel);
    const { applicationId } = await this.#me();
    const there = await this.#api.call<readonly ApiWebhook[]>('get', route);
    // Only the app's own may carry buttons.
    const own = there.find((webhook) => webhook.application_id === applicationId && webhook.token !== undefined);
    const { id, token = '' } = own ?? (await this.#api.call<ApiWebhook>('post', route, { body: { name: NAME } }));
    return { id, token };
  }
}
