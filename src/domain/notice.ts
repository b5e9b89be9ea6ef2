// A Notice: a sentence of the program to people. Recorded by whoever notices, worded by `compose`.

/**
 * `refused`: an attempt to send that wasn't allowed or possible; `sentence` says why. `problem`: something an admin must mend.
 * `info`: worth knowing. Sentences are plain words without message text.
 */
export interface Notice {
  readonly kind: 'refused' | 'problem' | 'info';
  readonly sentence: string;
  readonly fix?: string;
}
