import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchRoute } from './routes.ts';

describe('matchRoute', () => {
  it('gives back scope, id and operation whatever they are, however they are encoded', () => {
    const part = fc.string({ unit: 'grapheme', minLength: 1 });
    fc.assert(
      fc.property(part, part, part, (idScope, registrationId, operationId) => {
        const [scope, id, operation] = [idScope, registrationId, operationId].map(encodeURIComponent);
        const target = `/${scope}/registrations/${id}/operations/${operation}?api-version=2021-06-01`;
        expect(matchRoute('GET', target)).toEqual({
          kind: 'matched',
          apiVersion: '2021-06-01',
          route: { kind: 'operation', idScope, registrationId, operationId },
        });
      }),
    );
  });

  it('answers any method and target with a route or a refusal', () => {
    const target = fc.oneof(
      fc.string(),
      fc
        .array(
          fc.constantFrom(
            '/',
            'registrations',
            '%',
            '?',
            'api-version=',
            '2021-06-01',
            'register',
            '..',
            'a',
          ),
        )
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', ''), target, (method, text) => {
        const matched = matchRoute(method, text);
        if (matched.kind === 'refused') expect([400, 404, 405]).toContain(matched.refusal.status);
        else expect(matched.route.registrationId).not.toBe('');
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    'forceRegistration=true&api-version=2019-03-31',
    'api-version=2019-03-31&forceRegistration=true',
    'api%2Dversion=2019-03-31',
  ])('reads the query %s', (query) => {
    expect(matchRoute('PUT', `/s/registrations/a/register?${query}`)).toMatchObject({
      apiVersion: '2019-03-31',
    });
  });
});
