import type { IncomingMessage, ServerResponse } from 'node:http';
import { nullAnswer } from './null-answer.ts';

/** The device API over HTTPS, nothing verified. */
export function nullHttp(request: IncomingMessage, response: ServerResponse): void {
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => {
    text += chunk;
  });
  request.on('end', () => {
    const body = (text === '' ? {} : JSON.parse(text)) as { registrationId?: string };
    const registering = request.method === 'PUT';
    response.writeHead(registering ? 202 : 200, {
      'Content-Type': 'application/json; charset=utf-8',
      'x-ms-request-id': '00000000-0000-4000-8000-000000000000',
      ...(registering
        ? { 'Retry-After': '0', Location: `https://${request.headers.host ?? ''}${request.url ?? ''}` }
        : {}),
    });
    response.end(nullAnswer(registering, body.registrationId ?? request.url?.split('/')[3] ?? ''));
  });
}
