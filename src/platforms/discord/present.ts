// Post and Form → what Discord draws. Pure; nothing a customer wrote is ever read as Discord's own syntax.
import { firstCharacters } from '../../domain/characters.ts';
import type { Form, FormField } from '../../domain/command.ts';
import type { Button, Post } from '../../domain/post.ts';
import { MAX_CONTENT, MAX_EMBED, MAX_TOPIC } from './capabilities.ts';
import { escape, oneLine, quoteLines, smallLine, toMarkdown } from './text.ts';

/** Discord's caps, in characters and pieces; source: docs.discord.com, message components. */
const MAX_BUTTONS = 5;
const MAX_ROWS = 5;
const MAX_BUTTON_TEXT = 80;
const MAX_MODAL_TITLE = 45;
const MAX_MODAL_FIELDS = 5;
const MAX_LABEL = 45;
const MAX_HINT = 100;
const MAX_OPTIONS = 25;
const MAX_OPTION_TEXT = 100;

/** Numbers of Discord's API; source: docs.discord.com, "Component Types", "Button Styles", "Message Flags". */
const ROW = 1;
const BUTTON = 2;
const SELECT = 3;
const INPUT = 4;
const LABEL = 18;
const TONES = { normal: 2, primary: 1, danger: 4 } as const;
const SUPPRESS_EMBEDS = 4;
export const EPHEMERAL = 64;

/** Before a key in the custom_id of a Reply button, and of the form that it opens. */
export const REPLY = 'reply:';

interface Row {
  readonly type: number;
  readonly components: readonly {
    readonly type: number;
    readonly custom_id: string;
    readonly label: string;
    readonly style: number;
  }[];
}

/** What all ways of posting and editing take alike. It notifies nobody, whatever stands in it. */
export interface Presented {
  readonly content: string;
  readonly embeds: readonly { readonly description: string }[];
  readonly components: readonly Row[];
  readonly flags: number;
  readonly allowed_mentions: { readonly parse: [] };
}

export interface PresentOptions {
  /** A message that this one answers, as a link, where it can't be a native reply. */
  readonly replyTo?: string;
  /** Our key, for a Reply button. */
  readonly key?: string;
}

const replyLine = (url: string): string => `-# ↪ [in reply to this message](<${url}>)`;

/** The message that words of ours answer by a link above them. */
export function replyLinkIn(content: string): string | undefined {
  const [first = ''] = content.split('\n');
  const url = /\(<(https:[^>]+)>\)$/.exec(first)?.[1];
  return url !== undefined && first === replyLine(url) ? url : undefined;
}

/** Draws a post, its file left out. */
export function present(post: Post, options: PresentOptions = {}): Presented {
  const { replyTo, key } = options;
  const words = [
    ...(replyTo === undefined ? [] : [replyLine(replyTo)]),
    ...lines(post.marks),
    ...(post.quote === undefined ? [] : [quoteLines(post.quote.author, post.quote.text)]),
    toMarkdown(post.text),
    ...lines(post.lines),
  ].filter((part) => part.trim() !== '');
  const isBare = words.length === 0 && post.file === undefined;
  return drawn(isBare ? escape(post.summary) : words.join('\n'), rows(post.buttons, key));
}

/** Draws words with buttons under them. */
export function presentWords(markdown: string, buttons: readonly Button[]): Presented {
  return drawn(markdown === '' ? '…' : markdown, rows(buttons, undefined));
}

/** Words that don't fit into a message stand in an embed; links in them have no previews either way. */
function drawn(markdown: string, components: Row[]): Presented {
  const fits = markdown.length <= MAX_CONTENT;
  return {
    content: fits ? markdown : '',
    embeds: fits
      ? []
      : [{ description: markdown.length <= MAX_EMBED ? markdown : `${firstCharacters(markdown, MAX_EMBED - 1)}…` }],
    components,
    flags: fits ? SUPPRESS_EMBEDS : 0,
    allowed_mentions: { parse: [] },
  };
}

function lines(texts: readonly string[]): readonly string[] {
  return texts.filter((text) => oneLine(text) !== '').map(smallLine);
}

function rows(buttons: readonly Button[], key: string | undefined): Row[] {
  const all = [
    ...buttons.map(({ action, label, tone }) => ({
      custom_id: action,
      label: labelOf(label, MAX_BUTTON_TEXT),
      style: TONES[tone],
    })),
    ...(key === undefined ? [] : [{ custom_id: `${REPLY}${key}`, label: 'Reply', style: TONES.normal }]),
  ];
  const drawnRows: Row[] = [];
  for (let from = 0; from < all.length && drawnRows.length < MAX_ROWS; from += MAX_BUTTONS) {
    const components = all.slice(from, from + MAX_BUTTONS).map((button) => ({ type: BUTTON, ...button }));
    drawnRows.push({ type: ROW, components });
  }
  return drawnRows;
}

/** The key in a message's Reply button. */
export function replyKeyIn(components: readonly unknown[]): string | undefined {
  // The shape is Discord's own; only the one text is looked for.
  return new RegExp(`"custom_id":"${REPLY}([0-9A-Za-z]{1,25})"`).exec(JSON.stringify(components))?.[1];
}

/** A file's name as Discord shows it: one line, no path. */
export function fileName(name: string): string {
  return firstCharacters(oneLine(name).replaceAll(/[/\\]/g, '_'), 200) || 'file';
}

/** A channel's topic with our mark under it, which is never cut. */
export function markedTopic(topic: string, mark: string): string {
  const words = escape(oneLine(topic));
  const room = MAX_TOPIC - mark.length - 1;
  return words === '' ? mark : `${firstCharacters(words, room)}\n${mark}`;
}

/** A form as Discord's modal; it has five fields at most. */
export function presentForm(form: Form, customId: string) {
  return {
    custom_id: customId,
    title: labelOf(form.title, MAX_MODAL_TITLE),
    components: form.fields.slice(0, MAX_MODAL_FIELDS).map((field) => ({
      type: LABEL,
      label: labelOf(field.label, MAX_LABEL),
      ...(field.hint === undefined ? {} : { description: labelOf(field.hint, MAX_HINT) }),
      component: element(field),
    })),
  };
}

function element(field: FormField) {
  const initial = field.initial ?? '';
  switch (field.kind) {
    case 'text':
    case 'paragraph':
      return {
        type: INPUT,
        custom_id: field.id,
        style: field.kind === 'text' ? 1 : 2,
        required: field.required,
        ...(initial === '' ? {} : { value: firstCharacters(initial, 4_000) }),
      };
    case 'choice':
    case 'choices': {
      const chosen = field.kind === 'choice' ? [initial] : initial.split(',');
      const options = (field.options ?? []).slice(0, MAX_OPTIONS).map((option) => ({
        label: labelOf(option.label, MAX_OPTION_TEXT),
        value: option.value,
        ...(chosen.includes(option.value) ? { default: true } : {}),
      }));
      return {
        type: SELECT,
        custom_id: field.id,
        required: field.required,
        options,
        min_values: field.required ? 1 : 0,
        max_values: field.kind === 'choice' ? 1 : Math.max(1, options.length),
      };
    }
  }
}

function labelOf(text: string, max: number): string {
  const line = oneLine(text);
  return (line.length <= max ? line : `${firstCharacters(line, max - 1)}…`) || '…';
}
