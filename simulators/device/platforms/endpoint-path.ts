import type { EdgeProfile } from './edge-profile.ts';

/**
 * The path of a DPS request, given that of the configured `global_endpoint`: each generation puts them together in
 * another way.
 *
 * @param endpointPath e.g. `/` or `/base`
 * @param resource e.g. `0ne00000001/registrations/dev-01/register`, in its own case
 * @see reference of IoT Edge devices, chapter 2.1
 */
export function requestPath({ endpointPathIs }: EdgeProfile, endpointPath: string, resource: string): string {
  switch (endpointPathIs) {
    case 'joined':
      return new URL(resource, `https://dps.example${endpointPath}`).pathname;
    case 'followed':
      return `${endpointPath}${resource}`;
    case 'replaced':
      return `/${resource}`;
  }
}
