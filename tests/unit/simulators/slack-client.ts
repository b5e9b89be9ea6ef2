// What the tests of the Slack stand-in share: a workspace for each test, and real SDK clients pointed at it.
import { LogLevel, WebClient } from '@slack/web-api';
import type { ChatPostMessageArguments, ChatPostMessageResponse, Logger, WebClientOptions } from '@slack/web-api';
import { startSlack } from '../../../simulators/slack/index.ts';
import type { Person, SlackOptions, SlackSimulator } from '../../../simulators/slack/index.ts';

/** Swallows what the SDKs log about the faults a test ordered. */
export const quiet: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  setLevel: () => undefined,
  getLevel: () => LogLevel.ERROR,
  setName: () => undefined,
};

/** A workspace with Ana in it, and a client with the bot token. */
export class Bench {
  readonly slack: SlackSimulator;
  readonly client: WebClient;
  readonly ana: Person;

  private constructor(slack: SlackSimulator) {
    this.slack = slack;
    this.client = this.clientFor(slack.botToken);
    this.ana = slack.addPerson({ name: 'Ana Silva', email: 'Ana@acme.com' });
  }

  static async start(options: SlackOptions = {}): Promise<Bench> {
    return new Bench(await startSlack(options));
  }

  /** A client without retries. */
  clientFor(token: string, options: WebClientOptions = {}): WebClient {
    return new WebClient(token, {
      slackApiUrl: this.slack.apiUrl,
      retryConfig: { retries: 0 },
      logger: quiet,
      ...options,
    });
  }

  /** A private channel made by the app, with these people invited (default Ana). */
  async privateChannel(name = 'wa-lena', people: readonly Person[] = [this.ana]): Promise<string> {
    const { channel } = await this.client.conversations.create({ name, is_private: true });
    const id = channel?.id ?? '';
    const users = people.map((person) => person.id).join(',');
    if (users !== '') await this.client.conversations.invite({ channel: id, users });
    return id;
  }

  /** chat.postMessage. */
  async post(args: ChatPostMessageArguments, by: WebClient = this.client): Promise<ChatPostMessageResponse> {
    return by.apiCall('chat.postMessage', { ...args });
  }

  /** Stops the workspace and answers the calls it didn't know. */
  async stop(): Promise<readonly string[]> {
    await this.slack.stop();
    return this.slack.unknown;
  }
}

/** Slack's error string of a call that must be refused. */
export async function errorOf(call: Promise<unknown>): Promise<string> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const data = (error as { data?: { error?: string } } | undefined)?.data;
  return data?.error ?? `not refused by Slack: ${String(error)}`;
}
