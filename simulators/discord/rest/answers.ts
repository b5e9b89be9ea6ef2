// Operations that answer interactions: the callback, and what follows by the interaction's token.
import { InteractionResponseType as Answer, MessageFlags } from 'discord-api-types/v10';
import type { RESTPostAPIInteractionCallbackWithResponseResult } from 'discord-api-types/v10';
import type { Interaction } from '../interactions.ts';
import { enumOf, isObject, numberOf, objectOf } from '../json.ts';
import type { JsonObject } from '../json.ts';
import type { Draft } from '../messages.ts';
import { renderMessage } from '../render-message.ts';
import type { Message } from '../types.ts';
import { param } from './call.ts';
import type { Call, Operation } from './call.ts';
import { changeOf, checkComponents, newContent } from './message-form.ts';

export const ANSWER_OPERATIONS: readonly Operation[] = [
  {
    name: 'create_interaction_response',
    method: 'POST',
    path: '/interactions/{interaction}/{token}/callback',
    auth: 'token',
    handle: respond,
  },
];

function draftOf(call: Call, data: JsonObject): Partial<Draft> {
  return newContent(call, data, 'answer');
}

function respond(call: Call): object | undefined {
  const type = enumOf<Answer>(numberOf(call.body['type']));
  const data = objectOf(call.body['data']);
  const { interactions } = call;
  if (type === Answer.Modal) checkComponents(data['components'], true);
  const [id, token] = [param(call, 'interaction'), param(call, 'token')];
  const interaction = interactions.respond(id, token, type, data, () => draftOf(call, data));
  const { source } = interaction.gesture;
  if (type === Answer.UpdateMessage && source !== undefined)
    interactions.change(interaction, source, changeOf(call, data, source));
  return call.query.get('with_response') === 'true' ? callbackResult(call, interaction, type) : undefined;
}

function callbackResult(call: Call, interaction: Interaction, type: Answer): object {
  const { original, gesture } = interaction;
  const hasMessage = original !== undefined && type !== Answer.DeferredMessageUpdate;
  const result: RESTPostAPIInteractionCallbackWithResponseResult = {
    interaction: {
      id: interaction.id,
      type: gesture.type,
      ...(hasMessage
        ? {
            response_message_id: original.id,
            response_message_loading: (original.flags & MessageFlags.Loading) !== 0,
            response_message_ephemeral: original.onlyFor !== undefined,
          }
        : {}),
    },
    resource: { type, ...(hasMessage ? { message: render(call, original) } : {}) },
  };
  return result;
}

function render(call: Call, message: Message): ReturnType<typeof renderMessage> {
  return renderMessage(call.guild, message, { mayRead: true });
}

/** A follow-up message by the interaction's token. */
export function followUp(call: Call): object {
  const interaction = call.interactions.byToken(param(call, 'token'));
  return render(call, call.interactions.followUp(interaction, draftOf(call, call.body)));
}

export function getAnswer(call: Call): object {
  const interaction = call.interactions.byToken(param(call, 'token'));
  return render(call, call.interactions.messageOf(interaction, param(call, 'message')));
}

export function changeAnswer(call: Call): object {
  const interaction = call.interactions.byToken(param(call, 'token'));
  const message = call.interactions.messageOf(interaction, param(call, 'message'));
  const change = changeOf(call, call.body, message);
  const keepsAllowed = isObject(call.body['allowed_mentions']);
  call.interactions.change(interaction, message, keepsAllowed ? change : { ...change, allowed: {} });
  return render(call, message);
}

export function deleteAnswer(call: Call): undefined {
  const interaction = call.interactions.byToken(param(call, 'token'));
  call.interactions.remove(interaction, call.interactions.messageOf(interaction, param(call, 'message')));
}
