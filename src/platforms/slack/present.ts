// Post and Form → what Slack draws. Pure; nothing a customer wrote is ever read as Slack's own syntax.
import type { types as slack } from '@slack/bolt';
import type { Form, FormField } from '../../domain/command.ts';
import type { Button, Post } from '../../domain/post.ts';
import { plain } from '../../domain/text.ts';
import type { RichText } from '../../domain/text.ts';
import { escape, toRichTextBlock } from './text.ts';

/** Slack's caps, in characters and pieces; source: docs.slack.dev, Block Kit reference. */
const MAX_CONTEXT_ELEMENTS = 10;
const MAX_CONTEXT_TEXT = 2_000;
const MAX_ACTIONS = 25;
const MAX_BUTTON_TEXT = 75;
const MAX_MODAL_TITLE = 24;
const MAX_LABEL = 2_000;
const MAX_OPTIONS = 100;
const MAX_OPTION_TEXT = 75;
/** Slack cuts `text` at 4,000 characters in chat.update. */
const MAX_TEXT = 3_900;

/** What chat.postMessage, chat.update and chat.postEphemeral take alike. */
export interface Presented {
  /** For notifications, search and screen readers: escaped, so that it holds no mention and no link. */
  readonly text: string;
  readonly blocks: slack.KnownBlock[];
}

/** Draws a post, its file left out. */
export function present(post: Post): Presented {
  const blocks = [
    ...contexts(post.marks),
    ...(post.quote === undefined ? [] : rich([quoted(post.quote)])),
    ...rich(post.text),
    ...contexts(post.lines),
    ...actions(post.buttons),
  ];
  return {
    text: escapedWithin(post.summary, MAX_TEXT),
    blocks: blocks.length > 0 ? blocks : rich(plain(post.summary)),
  };
}

/** Whether a post shows anything besides its file. */
export function hasWords(post: Post): boolean {
  return (
    post.text.length > 0 ||
    post.marks.length > 0 ||
    post.lines.length > 0 ||
    post.quote !== undefined ||
    post.buttons.length > 0
  );
}

/** Draws an answer to one person. */
export function presentAnswer(text: RichText, buttons: readonly Button[], words: string): Presented {
  const blocks = [...rich(text), ...actions(buttons)];
  return { text: escapedWithin(words === '' ? '…' : words, MAX_TEXT), blocks };
}

/** A file's name as Slack shows it: one line, no path. */
export function fileName(name: string): string {
  return cut(oneLine(name).replaceAll(/[/\\]/g, '_'), 200) || 'file';
}

/** A topic within Slack's cap, escaped. */
export function topicText(topic: string, max: number): string {
  return escapedWithin(oneLine(topic), max);
}

/** A form as Slack's modal. `origin` comes back when it is sent. */
export function presentForm(form: Form, origin: string): slack.ModalView {
  return {
    type: 'modal',
    callback_id: form.action,
    private_metadata: origin,
    title: label(form.title, MAX_MODAL_TITLE),
    submit: label(form.submit, MAX_MODAL_TITLE),
    close: label('Cancel', MAX_MODAL_TITLE),
    blocks: form.fields.map((field) => ({
      type: 'input',
      block_id: field.id,
      optional: !field.required,
      label: label(field.label, MAX_LABEL),
      ...(field.hint === undefined ? {} : { hint: label(field.hint, MAX_LABEL) }),
      element: element(field),
    })),
  };
}

function element(field: FormField): slack.InputBlock['element'] {
  const options = (field.options ?? []).slice(0, MAX_OPTIONS).map((option) => ({
    text: label(option.label, MAX_OPTION_TEXT),
    value: option.value,
  }));
  const initial = (field.initial ?? '').split(',');
  switch (field.kind) {
    case 'text':
    case 'paragraph':
      return {
        type: 'plain_text_input',
        action_id: field.id,
        multiline: field.kind === 'paragraph',
        ...(field.initial === undefined ? {} : { initial_value: field.initial }),
      };
    case 'choice': {
      const chosen = options.find((option) => option.value === field.initial);
      return { type: 'static_select', action_id: field.id, options, ...(chosen ? { initial_option: chosen } : {}) };
    }
    case 'choices': {
      const chosen = options.filter((option) => initial.includes(option.value));
      const shown: slack.MultiStaticSelect = { type: 'multi_static_select', action_id: field.id, options };
      return chosen.length > 0 ? { ...shown, initial_options: chosen } : shown;
    }
  }
}

function rich(text: RichText): slack.KnownBlock[] {
  return text.length === 0 ? [] : [toRichTextBlock(text)];
}

function quoted(quote: { readonly author: string; readonly text: string }): RichText[number] {
  return {
    kind: 'quote',
    inlines: [
      { kind: 'text', text: oneLine(quote.author), style: { bold: true } },
      { kind: 'text', text: `\n${quote.text}` },
    ],
  };
}

/** Small grey text. As plain_text: in mrkdwn a customer's name could be a link or a mention. */
function contexts(lines: readonly string[]): slack.KnownBlock[] {
  const elements = lines
    .filter((line) => line.trim() !== '')

    .map((line): slack.PlainTextElement => ({ type: 'plain_text', text: cut(line, MAX_CONTEXT_TEXT), emoji: false }));
  const blocks: slack.KnownBlock[] = [];
  for (let from = 0; from < elements.length; from += MAX_CONTEXT_ELEMENTS) {
    blocks.push({ type: 'context', elements: elements.slice(from, from + MAX_CONTEXT_ELEMENTS) });
  }
  return blocks;
}

function actions(buttons: readonly Button[]): slack.KnownBlock[] {
  if (buttons.length === 0) return [];
  const elements = buttons.slice(0, MAX_ACTIONS).map(({ action, label: shown, tone }): slack.Button => ({
    type: 'button',
    action_id: action,
    value: action,
    text: label(shown, MAX_BUTTON_TEXT),
    ...(tone === 'normal' ? {} : { style: tone }),
  }));
  return [{ type: 'actions', elements }];
}

function label(text: string, max: number): slack.PlainTextElement {
  return { type: 'plain_text', text: cut(oneLine(text), max) || '…', emoji: false };
}

/** Without line breaks, control characters and the invisible marks that turn the reading direction round. */
function oneLine(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gv, ' ')
    .replaceAll(/[\u200E\u200F\u202A-\u202E\u2066-\u2069\uFEFF]/g, '')
    .replaceAll(/ {2,}/g, ' ')
    .trim();
}

/** At most `max` UTF-16 units, as Slack counts, without cutting a character in two. */
function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  let kept = '';
  for (const character of text) {
    if (kept.length + character.length > max - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Escaped text of at most `max` units: an escape is never cut in two. */
function escapedWithin(text: string, max: number): string {
  let kept = '';
  for (const character of text) {
    const piece = escape(character);
    if (kept.length + piece.length > max - 1) return `${kept}…`;
    kept += piece;
  }
  return kept;
}
