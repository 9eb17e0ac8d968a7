import type { EndpointName } from '#shared/tracking/endpoints.ts';
import { artifactRows } from './artifact-rows.ts';
import { artifactHandlers, type FileHandlers, fileHandlers, type Trees } from './artifacts.ts';
import type { Deliver } from './deliver.ts';
import { experimentHandlers } from './experiments.ts';
import { checkForAnybody, checkNotOfTheService } from './guard.ts';
import { historyHandlers } from './history.ts';
import { importHandlers } from './import-runs.ts';
import { inputHandlers } from './inputs.ts';
import { loggedModelHandlers } from './logged-models.ts';
import { purgeHandlers } from './purge.ts';
import { modelHandlers } from './registry.ts';
import { runHandlers } from './runs.ts';
import { experimentSearchHandlers } from './search-experiments.ts';
import { loggedModelSearchHandlers } from './search-logged-models.ts';
import { searchRunsHandlers } from './search-runs.ts';
import type { Handlers, TrackingCaller, TrackingPorts } from './tracking.ts';
import { versionHandlers } from './versions.ts';
import { webhookHandlers } from './webhooks.ts';

/** Every use case of the tracking API. */
export interface Tracking {
  readonly handlers: Handlers<EndpointName>;
  readonly files: FileHandlers;
  /** What a request may not write to: the service's own. @throws TrackingFault PERMISSION_DENIED */
  checkWrite(name: EndpointName, request: Readonly<Record<string, unknown>>, caller: TrackingCaller): Promise<void>;
}

/** @param plain a folder as a tree; test mode alone, else null */
export function newTracking(ports: TrackingPorts, deliver: Deliver, plain: Trees['local']): Tracking {
  const { plainFolder } = ports.places;
  const proxied = plain && plainFolder !== null ? plain(plainFolder) : artifactRows(ports);
  const trees: Trees = { proxied, local: plain };
  return {
    handlers: {
      ...experimentHandlers(ports),
      ...experimentSearchHandlers(ports),
      ...runHandlers(ports),
      ...searchRunsHandlers(ports),
      ...historyHandlers(ports),
      ...inputHandlers(ports),
      ...artifactHandlers(ports, trees),
      ...modelHandlers(ports),
      ...versionHandlers(ports),
      ...loggedModelHandlers(ports),
      ...loggedModelSearchHandlers(ports),
      ...webhookHandlers(ports, deliver, plainFolder !== null),
      ...importHandlers(ports),
      ...purgeHandlers(ports),
    },
    files: fileHandlers(ports, trees),
    async checkWrite(name, request, caller) {
      await checkForAnybody(ports.db, name, request);
      if (caller.role !== 'admin') await checkNotOfTheService(ports.db, request);
    },
  };
}
