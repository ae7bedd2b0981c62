/** Follows a job until it is over, across lost connections and restarts of the server. */

import { address } from "../api";
import { isOver, type Job } from "./contract";
import { fetchJob } from "./requests";

/** Under this share the time so far says nothing of the time to come. */
const LEAST_PERCENT = 4;

/** Seconds that a job is likely to need yet; null while nobody can tell. */
export function remaining_s(job: Job, now_ms: number): number | null {
  if (job.started === null || job.progress < LEAST_PERCENT || job.progress >= 100) return null;
  const elapsed_s = (now_ms - Date.parse(job.started)) / 1000;
  return elapsed_s > 0 ? (elapsed_s * (100 - job.progress)) / job.progress : null;
}

/**
 * Tells of a job whenever something happens to it; returns how to stop listening. Better answers on the way
 * ("step" events) are handed to `stepped`.
 */
export function followJob(id: string, told: (job: Job) => void, stepped: (step: unknown) => void = () => undefined): () => void {
  const stream = new EventSource(address(`jobs/${id}/events`));
  let asking = false;
  let again = false;
  const look = async (): Promise<void> => {
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    try {
      const job = await fetchJob(id);
      told(job);
      if (isOver(job)) stream.close();
    } catch {
      // The stream connects again by itself, and looks then.
    }
    asking = false;
    if (again && stream.readyState !== EventSource.CLOSED) {
      again = false;
      await look();
    }
  };
  for (const name of ["open", "status", "progress", "message"]) stream.addEventListener(name, () => void look());
  stream.addEventListener("step", (event) => stepped(JSON.parse((event as MessageEvent<string>).data)));
  return () => stream.close();
}
