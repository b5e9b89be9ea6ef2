// What people ask by command, button, form or shortcut, and what they are answered: the doors of every workspace platform.
import type { ChannelId, PostId, UserId } from './ids.ts';
import type { RichText } from './text.ts';
import type { Button } from './post.ts';

/** How to answer one request: opaque to all but the adapter that made it; good for 15 minutes at most. */
export interface CommandRef {
  readonly token: string;
}

export interface FormField {
  readonly id: string;
  readonly label: string;
  readonly kind: 'text' | 'paragraph' | 'choice' | 'choices';
  readonly required: boolean;
  readonly hint?: string;
  readonly initial?: string;
  readonly options?: readonly { readonly value: string; readonly label: string }[];
}

export interface Form {
  /** Comes back as the request's `action` when sent. */
  readonly action: string;
  readonly title: string;
  readonly submit: string;
  readonly fields: readonly FormField[];
}

/** Private to the asker. `form` opens a form instead. */
export interface Answer {
  readonly text: RichText;
  readonly buttons?: readonly Button[];
  readonly form?: Form;
  /** Errors by field id: shown in the open form, which stays open. */
  readonly fieldErrors?: Readonly<Record<string, string>>;
  /** For `autocomplete` only: what to offer for the focused option, the likeliest first, at most 25; labels have at most 100 characters. */
  readonly choices?: readonly { readonly value: string; readonly label: string }[];
}

/**
 * `command`: the words after `/wa` as typed; a platform with typed options gives the path as `text` (`label add`) and the rest as `options`.
 * `button`: a Button's action. `form`: a Form's action with its values, several choices joined by commas. `shortcut`: a message shortcut's
 * name on `post`. `autocomplete`: as `command`, while it's being typed; `focused` is the option that is asked for.
 */
export interface Request {
  readonly ref: CommandRef;
  readonly user: UserId;
  readonly channel?: ChannelId;
  readonly post?: PostId;
  readonly thread?: PostId;
  readonly via: 'command' | 'button' | 'form' | 'shortcut' | 'autocomplete';
  readonly action: string;
  readonly text: string;
  readonly options: Readonly<Record<string, string>>;
  readonly focused?: string;
}

/** One option of a subcommand. */
export interface CommandOption {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  readonly kind: 'text' | 'choice';
  readonly choices?: readonly string[];
  readonly autocomplete?: boolean;
  /** Several values may be given, separated by commas. */
  readonly list?: boolean;
  /**
   * How it's written where commands are text: `word` (default), `words` (all that's left but named options), `rest` (everything from there on, as
   * it stands), `key` (`name:value`), `after` (`name value …` or `name:value`).
   */
  readonly typed?: 'word' | 'words' | 'rest' | 'key' | 'after';
}

/** The `/wa` tree that every platform renders in its own way. */
export interface CommandEntry {
  readonly path: readonly string[];
  readonly description: string;
  readonly who: 'anyone' | 'agent' | 'admin';
  readonly options: readonly CommandOption[];
  /** The words after `/wa`, as somebody would type them. */
  readonly examples?: readonly string[];
}

export interface CommandTree {
  readonly name: string;
  readonly entries: readonly CommandEntry[];
  readonly shortcuts: readonly { readonly action: string; readonly label: string }[];
}
