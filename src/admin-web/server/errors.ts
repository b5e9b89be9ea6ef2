// Every refusal of the web server as problem details (RFC 9457): thrown as a Problem anywhere, written in one place.
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { ErrorRequestHandler, Response } from 'express';
import { z } from 'zod';
import { BridgeError } from '../../domain/errors.ts';
import type { Log } from '../../runtime/log.ts';

export const problemSchema = z.strictObject({
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  errors: z.array(z.strictObject({ path: z.string(), message: z.string() })).optional(),
});

/** One thing wrong with what was sent: `path` is dotted (`agents.0`), empty for the whole. */
export interface InputError {
  readonly path: string;
  readonly message: string;
}

/** A refusal that the asker may read: `detail` is a sentence without anything of ours or of others in it. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly detail: string;
  readonly errors: readonly InputError[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    detail: string,
    more: { errors?: readonly InputError[]; headers?: Readonly<Record<string, string>>; cause?: unknown } = {},
  ) {
    super(detail, more.cause === undefined ? {} : { cause: more.cause });
    this.status = status;
    this.detail = detail;
    this.errors = more.errors;
    this.headers = more.headers ?? {};
  }

  /** The body to send. */
  toJSON(): z.input<typeof problemSchema> {
    return {
      title: STATUS_CODES[this.status] ?? 'Error',
      status: this.status,
      detail: this.detail,
      ...(this.errors === undefined ? {} : { errors: [...this.errors] }),
    };
  }
}

/** Also said of what is there but not to be seen by the asker, so that nobody learns which ids exist. */
export const notFound = (what: string): Problem => new Problem(404, `There is no such ${what}.`);

export const badInput = (errors: readonly InputError[]): Problem =>
  new Problem(400, 'The request holds what can’t be used.', { errors });

/** Checks something that was sent. Throws a Problem that names every fault. */
export function check<T extends z.ZodType>(schema: T, value: unknown, within = ''): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw badInput(result.error.issues.flatMap((issue) => describe(issue, within)));
}

function describe(issue: z.core.$ZodIssue, within: string): InputError[] {
  const path = [within, ...issue.path.map(String)].filter((part) => part !== '');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key].join('.'), message: 'is not known here' }));
  }
  const isMissing = issue.code === 'invalid_type' && issue.input === undefined;
  return [{ path: path.join('.'), message: isMissing ? 'is missing' : issue.message }];
}

/** What body-parser and express say with their errors. */
const PARSER_SENTENCES: Readonly<Record<number, string>> = {
  400: 'The request can’t be read.',
  413: 'The request is too large: at most 1 MiB.',
  415: 'The body must be JSON in UTF-8, uncompressed.',
};

/** Any error as what the asker may know of it. */
export function toProblem(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  if (error instanceof BridgeError) {
    const isTemporary = error.retry === 'later' || !error.certain;
    return new Problem(isTemporary ? 503 : 409, error.sentence, { cause: error });
  }
  const status: unknown = error instanceof Error && 'status' in error ? error.status : undefined;
  if (typeof status !== 'number' || status < 400 || status >= 500) return undefined;
  return new Problem(status, PARSER_SENTENCES[status] ?? 'The request can’t be answered.', { cause: error });
}

export function sendProblem(response: Response, problem: Problem): void {
  response.status(problem.status).set(problem.headers).type('application/problem+json').send(JSON.stringify(problem));
}

/** The last handler: answers every error; what nobody foresaw is logged with a number that the answer bears, too. */
export function createErrorHandler(log: Log): ErrorRequestHandler {
  return (error, _request, response, next) => {
    const known = toProblem(error);
    const id = randomUUID();
    if (known === undefined) log.error({ err: error, errorId: id }, 'a request failed');
    if (response.headersSent) {
      next(error);
      return;
    }
    sendProblem(response, known ?? new Problem(500, `Something went wrong on our side; the log has it under ${id}.`));
  };
}
