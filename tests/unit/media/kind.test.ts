// Kinds, names and first bytes of files.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MediaKind } from '../../../src/domain/content.ts';
import { fileName, mediaKindOf } from '../../../src/media/kind.ts';
import { isWhatItClaims, sniff } from '../../../src/media/sniff.ts';

describe('a file goes out as', () => {
  test.each<[string, string, MediaKind]>([
    ['image/jpeg', 'a.jpg', 'image'],
    ['image/jpg', 'a.jpg', 'image'],
    ['IMAGE/PNG', 'a.png', 'image'],
    ['image/webp', 'a.webp', 'image'],
    ['image/gif', 'a.gif', 'document'],
    ['image/svg+xml', 'a.svg', 'document'],
    ['image/heic', 'a.heic', 'document'],
    ['video/mp4', 'a.mp4', 'video'],
    ['video/3gpp', 'a.3gp', 'video'],
    ['video/quicktime', 'a.mov', 'document'],
    ['audio/ogg; codecs=opus', 'voice-message.ogg', 'voice'],
    ['audio/ogg', 'a.ogg', 'voice'],
    ['audio/ogg; codecs=vorbis', 'a.ogg', 'audio'],
    ['audio/mpeg', 'a.mp3', 'audio'],
    ['audio/mp4', 'a.m4a', 'audio'],
    ['application/pdf', 'a.pdf', 'document'],
    ['application/octet-stream', 'a.JPG', 'image'],
    ['', 'a.jpeg', 'image'],
    ['', 'a.mp3', 'audio'],
    ['', 'a', 'document'],
    ['text/html', 'a.jpg', 'document'],
  ])('%j %s: %s', (mimeType, name, kind) => {
    expect(mediaKindOf(mimeType, name)).toBe(kind);
  });
});

describe('a file is called', () => {
  const at = new Date('2026-08-06T14:03:05Z');
  test.each<[string | undefined, string, string]>([
    [undefined, 'image/jpeg', 'document-20260806-140305.jpg'],
    ['', 'audio/ogg; codecs=opus', 'document-20260806-140305.ogg'],
    [undefined, 'application/x-unheard-of', 'document-20260806-140305.bin'],
    ['report.pdf', 'application/pdf', 'report.pdf'],
    ['Report.PDF', 'application/pdf', 'Report.pdf'],
    ['report', 'application/pdf', 'report.pdf'],
    ['photo.jpeg', 'image/jpeg', 'photo.jpeg'],
    ['photo.exe', 'image/jpeg', 'photo.exe.jpg'],
    ['notes.md', 'text/plain', 'notes.md'],
    ['run.bat', 'text/plain', 'run.bat.txt'],
    ['app.apk', 'application/vnd.android.package-archive', 'app.apk'],
    ['../../etc/passwd', 'text/plain', 'passwd.txt'],
    ['C:\\temp\\x.pdf', 'application/pdf', 'x.pdf'],
    ['..', 'application/pdf', 'document-20260806-140305.pdf'],
    ['.bashrc', 'text/plain', 'bashrc.txt'],
    ['CON', 'text/plain', '_CON.txt'],
    ['nul.tar.pdf', 'application/pdf', '_nul.tar.pdf'],
    ['inv\u202Efdp.exe', 'application/pdf', 'invfdp.exe.pdf'],
    ['a\0b\n.pdf', 'application/pdf', 'ab.pdf'],
    ['a<b>:"|?*.pdf', 'application/pdf', 'a_b______.pdf'],
    ['a.pdf. .', 'application/pdf', 'a.pdf'],
    ['счёт 5.pdf', 'application/pdf', 'счёт 5.pdf'],
    [`${'👩‍🚀'.repeat(40)}.pdf`, 'application/pdf', `${'👩🚀'.repeat(29)}.pdf`],
    [`${'x'.repeat(4_000)}.pdf`, 'application/pdf', `${'x'.repeat(116)}.pdf`],
  ])('%j (%s): %s', (name, mimeType, expected) => {
    const given = name === undefined ? {} : { name };
    expect(fileName({ media: 'document', mimeType, at, ...given })).toBe(expected);
  });

  test('something safe, whatever its sender says', () => {
    const anything = fc.array(fc.oneof(fc.nat(0xffff), fc.constantFrom(46, 47, 92, 32, 0x202e)), { maxLength: 300 });
    const types = fc.constantFrom('image/jpeg', 'application/pdf', 'x', '');
    fc.assert(
      fc.property(anything, types, (units, mimeType) => {
        const name = fileName({ media: 'image', name: String.fromCharCode(...units), mimeType, at });
        expect(name.length).toBeLessThanOrEqual(120);
        expect(name).toMatch(/^[^.\s\/\\\p{Cc}\p{Cf}\p{Cs}][^\/\\\p{Cc}\p{Cf}\p{Cs}]*\.[\p{L}\p{N}]{1,10}$/v);
      }),
    );
  });

  test.each(['.', ' ', './', 'x.', '\u202E'])('in time that grows with the length only: %j', (unit) => {
    const before = process.threadCpuUsage();
    fileName({ media: 'image', name: `${unit.repeat(100_000)}x`, mimeType: '', at });
    expect(process.threadCpuUsage(before).user).toBeLessThan(2_000_000);
  });
});

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

describe('the first bytes show', () => {
  test.each<[string, string | undefined]>([
    ['\xFF\xD8\xFF\xE0\0\x10JFIF', 'image/jpeg'],
    ['\x89PNG\r\n\x1A\n\0\0', 'image/png'],
    ['GIF89a\x01', 'image/gif'],
    ['RIFF\x10\0\0\0WEBPVP8 ', 'image/webp'],
    ['RIFF\x10\0\0\0WAVEfmt ', 'audio/wav'],
    ['RIFF\x10\0\0\0AVI LIST', undefined],
    ['\0\0\0\x18ftypisom', 'video/mp4'],
    ['\0\0\0\x18ftypM4A ', 'audio/mp4'],
    ['\0\0\0\x18ftyp3gp5', 'video/3gpp'],
    ['\0\0\0\x18ftypqt  ', 'video/quicktime'],
    ['\0\0\0\x18ftypheic', 'image/heic'],
    ['\0\0\0\x18ftypavif', 'image/avif'],
    ['OggS\0\x02', 'audio/ogg'],
    ['ID3\x04', 'audio/mpeg'],
    ['\xFF\xFB\x90\x44', 'audio/mpeg'],
    ['\xFF\xF1\x50\x80', 'audio/aac'],
    ['\xFF\xFEa\0', undefined],
    ['#!AMR\n', 'audio/amr'],
    ['%PDF-1.7', 'application/pdf'],
    ['PK\x03\x04', 'application/zip'],
    ['<!DOCTYPE html><html>', 'text/html'],
    ['\xEF\xBB\xBF \n<HTML lang=en>', 'text/html'],
    ['<htmlish>', undefined],
    ['hello', undefined],
    ['', undefined],
  ])('%j: %s', (head, type) => {
    expect(sniff(bytes(head))).toBe(type);
  });

  test.each<[string, string, boolean]>([
    ['image/jpeg', '\xFF\xD8\xFF\xE0', true],
    ['image/jpeg', '\x89PNG\r\n\x1A\n', true],
    ['image/jpeg', '<!doctype html>', false],
    ['image/jpeg', '', false],
    ['image/png', 'MZ\x90\0', false],
    ['video/mp4', '\0\0\0\x18ftypM4A ', true],
    ['audio/ogg; codecs=opus', 'OggS', true],
    ['audio/ogg', '%PDF-1.7', false],
    ['application/pdf', '%PDF-1.4', true],
    ['application/pdf', '<html>', false],
    ['application/zip', '<html>', false],
    ['text/html', '<html>', true],
    ['text/plain', 'hello', true],
    ['image/svg+xml', '<svg xmlns=""/>', true],
    ['', 'anything', true],
  ])('%s is kept by %j: %s', (claim, head, holds) => {
    expect(isWhatItClaims(claim, bytes(head))).toBe(holds);
  });

  test('something or nothing for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (head) => {
        expect(typeof sniff(head)).toMatch(/string|undefined/v);
      }),
    );
  });
});
