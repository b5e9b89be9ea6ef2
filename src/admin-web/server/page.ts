// Small pages without scripts: a title, a sentence, perhaps a button. For people at the doors.
import type { ErrorRequestHandler, Response } from 'express';
import { BridgeError } from '../../domain/errors.ts';
import { Problem, toProblem } from './errors.ts';

interface PageButton {
  readonly label: string;
  /** Where it leads, by POST; absent: to the page's own address. */
  readonly to?: string;
}

/** Answers with a page. */
export function sayTo(response: Response, status: number, title: string, sentence: string, button?: PageButton): void {
  const action = button?.to === undefined ? '' : ` action="${escapeText(button.to)}"`;
  const form =
    button === undefined ? '' : `<form method="post"${action}><button>${escapeText(button.label)}</button></form>`;
  // With `no-referrer`, browsers don't say either which page a form was sent from (`Origin: null`), and we wouldn't take it.
  response.set('referrer-policy', 'same-origin');
  if (button !== undefined) {
    response.set(
      'content-security-policy',
      "default-src 'none'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'",
    );
  }
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeText(title)}</title>`;
  response
    .status(status)
    .type('html')
    .send(
      `<!doctype html><html lang="en"><head>${head}</head><body><h1>${escapeText(title)}</h1><p>${escapeText(sentence)}</p>${form}</body></html>`,
    );
}

/** What went wrong at the platform or here, for a person instead of a program. */
export const sayProblem: ErrorRequestHandler = (error, _request, response, next) => {
  const problem = error instanceof BridgeError || error instanceof Problem ? toProblem(error) : undefined;
  if (problem === undefined || response.headersSent) next(error);
  else {
    response.set(problem.headers);
    sayTo(response, problem.status, 'That didn’t work', problem.detail);
  }
};

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escapeText = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);
