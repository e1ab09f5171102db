import { describe, expect, it } from 'vitest';
import { isServicePath, matchServiceRoute } from './service-routes.ts';

const version = '?api-version=2021-10-01';

describe('matchServiceRoute', () => {
  it.each([
    ['GET', '/enrollments/dev-1', { action: 'get', kind: 'individual', id: 'dev-1' }],
    ['PUT', '/enrollments/dev%3A1', { action: 'put', kind: 'individual', id: 'dev:1' }],
    ['DELETE', '/enrollmentGroups/fleet', { action: 'delete', kind: 'group', id: 'fleet' }],
    ['POST', '/enrollments/', { action: 'bulk', kind: 'individual' }],
    ['POST', '/enrollmentGroups', { action: 'bulk', kind: 'group' }],
    ['POST', '/enrollments/query', { action: 'query', kind: 'individual' }],
    ['GET', '/enrollments/query', { action: 'get', kind: 'individual', id: 'query' }],
    ['POST', '/enrollmentgroups/fleet/attestationmechanism', { action: 'keys', kind: 'group', id: 'fleet' }],
    ['GET', '/registrations/dev-1', { action: 'get-state', id: 'dev-1' }],
    ['DELETE', '/registrations/dev-1', { action: 'delete-state', id: 'dev-1' }],
    ['POST', '/registrations/fleet/query', { action: 'query-states', id: 'fleet' }],
  ])('reads %s %s', (method, path, route) => {
    expect(isServicePath(path)).toBe(true);
    expect(matchServiceRoute(method, path + version)).toEqual({ route });
  });

  it.each([
    ['PATCH', `/enrollments/dev-1${version}`, 405],
    ['GET', `/enrollments${version}`, 405],
    ['GET', `/registrations/${version}`, 405],
    ['POST', `/enrollments/dev-1/other${version}`, 404],
    ['GET', `/registrations/a/b/c${version}`, 404],
    ['GET', `/enrollments/%E0%A4%A${version}`, 400],
    ['GET', '/enrollments/dev-1', 400],
    ['GET', '/enrollments/dev-1?api-version=1999-01-01', 400],
  ])('refuses %s %s with %d', (method, target, status) => {
    expect(matchServiceRoute(method, target)).toMatchObject({ refusal: { status } });
  });

  it.each(['/0ne00D95819/registrations/dev-1', '/', '', '/enrollment', '/constructor', '/toString'])(
    'leaves %s to the device API',
    (target) => {
      expect(isServicePath(target)).toBe(false);
    },
  );
});
