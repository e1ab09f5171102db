import { HubServiceError } from '../kernel/errors.ts';
import type { HttpResponse } from './http-exchange.ts';
import { parseJsonObject } from './service-answer.ts';

/** A hub's refusal over HTTPS as an error; any part of the body may be missing. */
export function hubRefusal({ status, body }: Pick<HttpResponse, 'status' | 'body'>): HubServiceError {
  const { Message } = parseJsonObject(body) ?? {};
  const text = typeof Message === 'string' ? Message : '';
  const { name, message } = /^ErrorCode:(?<name>\w+);?(?<message>.*)$/s.exec(text)?.groups ?? {};
  return new HubServiceError({
    status,
    errorName: name,
    message: message || `refused with status ${status}`,
  });
}
