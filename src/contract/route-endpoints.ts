/** Endpoints of routes by API. */
import { deleted } from './admin.ts'
import { listOf } from './common.ts'
import type { Endpoint } from './endpoints.ts'
import * as routes from './routes.ts'

export const routeEndpoints = {
  listRoutes: {
    method: 'GET',
    path: '/v1/halftone/routes',
    access: 'routes.read',
    summary: 'Routes of the file, of the API, and `auto`, with their documents.',
    response: listOf(routes.routeObject),
  },
  getRoute: {
    method: 'GET',
    path: '/v1/halftone/routes/{route}',
    access: 'routes.read',
    summary: 'One route.',
    response: routes.routeObject,
  },
  putRoute: {
    method: 'PUT',
    path: '/v1/halftone/routes/{route}',
    access: 'routes.write',
    summary: 'Create a route, or put a new version of it in force; on every node within seconds.',
    body: routes.putRouteRequest,
    response: routes.routeObject,
  },
  deleteRoute: {
    method: 'DELETE',
    path: '/v1/halftone/routes/{route}',
    access: 'routes.write',
    summary: 'Retire a route; its versions stay and can be rolled back to.',
    query: routes.deleteRouteQuery,
    response: deleted,
  },
  listRouteVersions: {
    method: 'GET',
    path: '/v1/halftone/routes/{route}/versions',
    access: 'routes.read',
    summary: 'Every version of a route made by API, newest first.',
    response: listOf(routes.routeVersion),
  },
  rollbackRoute: {
    method: 'POST',
    path: '/v1/halftone/routes/{route}/rollback',
    access: 'routes.write',
    summary: 'Put the document of an earlier version in force, as a new version.',
    body: routes.rollbackRouteRequest,
    response: routes.routeObject,
  },
  validateRoute: {
    method: 'POST',
    path: '/v1/halftone/routes/{route}/validate',
    access: 'routes.write',
    summary: 'What is wrong with a document and what it may not do as meant; saves nothing.',
    body: routes.validateRouteRequest,
    response: routes.routeValidation,
  },
  routeCandidates: {
    method: 'POST',
    path: '/v1/halftone/routes/{route}/candidates',
    access: 'routes.write',
    summary: 'Whom a document would choose now for usual requests, and whom it leaves out; saves nothing.',
    body: routes.routeCandidatesRequest,
    response: routes.routeCandidates,
  },
  tryRoute: {
    method: 'POST',
    path: '/v1/halftone/routes/{route}/dry-run',
    access: 'routes.write',
    summary: 'Decide past requests again under a document; calls nobody, saves nothing.',
    body: routes.tryRouteRequest,
    response: routes.routeTrial,
  },
} as const satisfies Record<string, Endpoint>
