// Preloaded into the program by flow tests: the wall clock is wrong, and jumps when the test says so, as a time server or a person would make it.
const RealDate = Date;
/** Milliseconds to jump by at each SIGUSR2, one after the other. */
const jumps = (process.env.CLOCK_JUMPS ?? '').split(',').filter(Boolean).map(Number);
/** How far it is ahead from the start. */
let offsetMs = Number(process.env.CLOCK_AHEAD_MS ?? 0);

process.on('SIGUSR2', () => {
  offsetMs += jumps.shift() ?? 0;
  process.stdout.write(`${JSON.stringify({ msg: 'the clock jumped', offsetMs })}\n`);
});

globalThis.Date = class Date extends RealDate {
  constructor(...args) {
    super(...(args.length === 0 ? [RealDate.now() + offsetMs] : args));
  }

  static now() {
    return RealDate.now() + offsetMs;
  }

  /** Dates made by others, before this or outside of JavaScript, are dates as well. */
  static [Symbol.hasInstance](value) {
    return value instanceof RealDate;
  }
};
