// A poll as it is made: its question, its answers with their numbers, and when it ends.
import { PollLayoutType } from 'discord-api-types/v10';
import type { APIPoll } from 'discord-api-types/v10';
import { Form } from '../errors.ts';
import { numberOf, objectOf, objectsOf, textOf } from '../json.ts';
import type { JsonObject } from '../json.ts';
import type { Call } from './call.ts';

/** Reads a poll: question up to 300 characters, 1 to 10 answers up to 55 each, open for up to 32 days. */
export function pollOf(call: Call, body: JsonObject): APIPoll {
  const question = textOf(objectOf(body['question'])['text']);
  const answers = objectsOf(body['answers']).map((answer) => textOf(objectOf(answer['poll_media'])['text']));
  const hours = numberOf(body['duration']) || 24;
  const form = new Form();
  form.length('poll.question.text', question, 300, 1);
  if (answers.length === 0 || answers.length > 10)
    form.fail('poll.answers', 'BASE_TYPE_BAD_LENGTH', 'Must be between 1 and 10 in length.');
  answers.forEach((answer, at) => form.length(`poll.answers.${at}.poll_media.text`, answer, 55, 1));
  if (hours > 768) form.fail('poll.duration', 'NUMBER_TYPE_MAX', 'int value should be less than or equal to 768.');
  form.check();
  return {
    question: { text: question },
    answers: answers.map((text, at) => ({ answer_id: at + 1, poll_media: { text } })),
    expiry: new Date(call.guild.now() + hours * 3_600_000).toISOString(),
    allow_multiselect: body['allow_multiselect'] === true,
    layout_type: PollLayoutType.Default,
    results: { is_finalized: false, answer_counts: [] },
  };
}
