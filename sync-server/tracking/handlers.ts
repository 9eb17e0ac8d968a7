import type { EndpointName } from '#shared/tracking/endpoints.ts';
import { artifactRows } from './artifact-rows.ts';
import { artifactHandlers, type FileHandlers, fileHandlers, type Trees } from './artifacts.ts';
import type { Deliver } from './deliver.ts';
import { experimentHandlers } from './experiments.ts';
import { checkFileNotOfTheService, checkNotOfTheService, checkOwnModels } from './guard.ts';
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
import type { Handlers, TrackingPorts } from './tracking.ts';
import { versionHandlers } from './versions.ts';
import { webhookHandlers } from './webhooks.ts';

/** Every use case of the tracking API. */
export interface Tracking {
  readonly handlers: Handlers<EndpointName>;
  readonly files: FileHandlers;
  /** What a request may not write to: the service's own. @param isAdmin who may write to its experiments @throws TrackingFault PERMISSION_DENIED */
  checkWrite(request: Readonly<Record<string, unknown>>, isAdmin: boolean): Promise<void>;
  /** The same for files. @throws TrackingFault PERMISSION_DENIED */
  checkFileWrite(path: string, runId: string | null): Promise<void>;
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
    async checkWrite(request, isAdmin) {
      checkOwnModels(request);
      if (!isAdmin) await checkNotOfTheService(ports.db, request);
    },
    checkFileWrite: (path, runId) => checkFileNotOfTheService(ports.db, path, runId),
  };
}
