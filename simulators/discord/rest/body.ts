// Reading the body of a call: JSON, or a form with payload_json and files.
import type { IncomingMessage } from 'node:http';
import { RESTJSONErrorCodes as Code } from 'discord-api-types/v10';
import { refusal } from '../errors.ts';
import { objectOf, parseJson } from '../json.ts';
import type { Json, JsonObject } from '../json.ts';
import type { Upload } from './call.ts';

/** A body, read. */
export interface ReadBody {
  readonly raw: Json | undefined;
  readonly body: JsonObject;
  readonly uploads: readonly Upload[];
}

/** Reads a body by its content type; one that isn't what it says is refused (50109). */
export async function readCallBody(request: IncomingMessage, bytes: Buffer): Promise<ReadBody> {
  const contentType = request.headers['content-type'] ?? '';
  if (bytes.length === 0) return { raw: undefined, body: {}, uploads: [] };
  if (contentType.startsWith('multipart/form-data')) return readForm(contentType, bytes);
  if (contentType.startsWith('application/x-www-form-urlencoded')) {
    const body = Object.fromEntries(new URLSearchParams(bytes.toString()));
    return { raw: body, body, uploads: [] };
  }
  const raw = parseJson(bytes.toString());
  if (raw === undefined) throw refusal(Code.RequestBodyContainsInvalidJSON);
  return { raw, body: objectOf(raw), uploads: [] };
}

async function readForm(contentType: string, bytes: Buffer): Promise<ReadBody> {
  const form = await new Response(new Uint8Array(bytes), { headers: { 'content-type': contentType } }).formData();
  const uploads: Upload[] = [];
  let raw: Json | undefined = {};
  for (const [field, value] of form) {
    if (typeof value === 'string') {
      if (field === 'payload_json') raw = parseJson(value);
      continue;
    }
    const index = /^files\[(\d+)\]$/.exec(field)?.[1] ?? String(uploads.length);
    uploads.push({ index, name: value.name, contentType: value.type, bytes: Buffer.from(await value.arrayBuffer()) });
  }
  if (raw === undefined) throw refusal(Code.RequestBodyContainsInvalidJSON);
  return { raw, body: objectOf(raw), uploads };
}
