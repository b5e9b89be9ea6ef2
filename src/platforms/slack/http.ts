// Events by HTTP: the same road as by socket, behind a check that the request is Slack's and wasn't seen before.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HTTPReceiver } from '@slack/bolt';
import type { App, ReceiverEvent } from '@slack/bolt';
import type { Log } from '../../runtime/log.ts';
import type { Clock } from '../../runtime/time.ts';
import { sdkLogger } from './api.ts';

/** How far a request's time may be from ours, in seconds; source: docs.slack.dev, "Verifying requests from Slack". */
const MAX_SKEW_SECONDS = 300;

export interface HttpOptions {
  readonly signingSecret: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly take: (event: ReceiverEvent) => Promise<void>;
}

export type Routes = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Bolt checks the signature over the raw body, in constant time. Added here: a time in the future is refused as well, and a request
 * that was answered once isn't taken again.
 */
export function createRoutes(options: HttpOptions): Routes {
  const { clock, log } = options;
  const receiver = new HTTPReceiver({
    signingSecret: options.signingSecret,
    endpoints: ['/', '/events', '/slack', '/slack/events'],
    logger: sdkLogger(log),
    processEventErrorHandler: async ({ error, response }) => {
      log.warn({ err: error }, 'an event from Slack was not stored and is left to be told again');
      if (!response.headersSent) response.writeHead(500).end();
      return false;
    },
  });
  receiver.init({ processEvent: options.take } as unknown as App);
  const seen = new Map<string, number>();

  return (request, response) => {
    const nowSeconds = clock.now().getTime() / 1000;
    const at = Number(request.headers['x-slack-request-timestamp']);
    const signature = String(request.headers['x-slack-signature']);
    for (const [old, seenAt] of seen) if (seenAt < nowSeconds - 2 * MAX_SKEW_SECONDS) seen.delete(old);
    if (!(Math.abs(nowSeconds - at) <= MAX_SKEW_SECONDS) || seen.has(signature)) {
      response.writeHead(401).end();
      return;
    }
    response.once('finish', () => {
      if (response.statusCode === 200) seen.set(signature, nowSeconds);
    });
    try {
      receiver.requestListener(request, response);
    } catch (error) {
      // Thrown at once for paths and methods that Slack isn't told of.
      log.debug({ err: error }, 'a request to the Slack routes was not for them');
      response.writeHead(404).end();
    }
  };
}
