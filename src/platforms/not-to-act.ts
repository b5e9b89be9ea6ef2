// What a call ends with, unsent, in a process that may have lost its turn: it was paused after it was told to post.

/** Nothing was done; whoever is at work now does it. */
export class NotToAct extends Error {
  override readonly name = 'NotToAct';

  constructor() {
    super('not sent: another process may be at work');
  }
}
