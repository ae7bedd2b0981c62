/** Requests that change the study, and those that tell of files and jobs. */

import { address, Problem, send } from "../api";
import { lang } from "../i18n";
import type { Job, Layers, MethodAnswer, Preview, Reading, TargetRecord, Upload } from "./contract";

export const fetchLayers = (): Promise<Layers> => send("GET", "layers");
export const fetchUploads = async (): Promise<Upload[]> => (await send<{ uploads: Upload[] }>("GET", "uploads")).uploads;
export const fetchJobs = async (): Promise<Job[]> => (await send<{ jobs: Job[] }>("GET", "jobs?limit=20")).jobs;
export const fetchJob = (id: string): Promise<Job> => send("GET", `jobs/${id}`);
export const cancelJob = (id: string): Promise<Job> => send("DELETE", `jobs/${id}`);
export const startJob = (process: string, inputs: Record<string, unknown> = {}): Promise<Job> =>
  send("POST", `processes/${process}/execution`, { inputs });
export const restoreLayer = (layer: string, sha256?: string): Promise<unknown> =>
  send("POST", `layers/${layer}/restoration${sha256 ? `?sha256=${sha256}` : ""}`);
export const removeLayer = (layer: string): Promise<unknown> => send("DELETE", `layers/${layer}`);
export const discardUpload = (id: string): Promise<unknown> => send("DELETE", `uploads/${id}`);
export const fetchMethod = (): Promise<MethodAnswer> => send("GET", "method");
export const putMethod = (changes: Record<string, unknown>): Promise<unknown> => send("PUT", "method", changes);
export const putTargets = (targets: Record<string, TargetRecord>): Promise<unknown> => send("PUT", "targets", { targets });

function query(reading: Reading): string {
  const parts = new URLSearchParams();
  if (reading.sheet) parts.set("sheet", reading.sheet);
  if (reading.crs) parts.set("crs", reading.crs);
  if (Object.keys(reading.columns).length) parts.set("columns", JSON.stringify(reading.columns));
  return parts.size ? `?${parts}` : "";
}

export const fetchPreview = (id: string, reading: Reading): Promise<Preview> => send("GET", `uploads/${id}${query(reading)}`);
export const acceptUpload = (id: string, reading: Reading): Promise<Job> => send("POST", `uploads/${id}/acceptance${query(reading)}`);

/** Sends one file, as a new upload or as one more of an upload; tells how much is gone. */
export function sendFile(file: File, to: { layer: string } | { upload: string }, told: (bytes: number) => void): Promise<Upload> {
  const name = `filename=${encodeURIComponent(file.name)}`;
  const path = "upload" in to ? `uploads/${to.upload}/files?${name}` : `uploads?layer=${to.layer}&${name}`;
  return new Promise((resolve, reject) => {
    // `fetch` does not tell how much of a body is gone.
    const sending = new XMLHttpRequest();
    sending.open("POST", address(path));
    sending.setRequestHeader("Accept-Language", lang());
    sending.setRequestHeader("Content-Type", "application/octet-stream");
    sending.upload.onprogress = (event) => told(event.loaded);
    sending.onerror = () => reject(new Problem(0, "offline", ""));
    sending.onload = () => {
      const body = parsed(sending.responseText);
      if (sending.status === 201) return resolve(body as unknown as Upload);
      reject(new Problem(sending.status, String(body["code"] ?? ""), String(body["detail"] ?? sending.statusText)));
    };
    sending.send(file);
  });
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

export const fetchResult = (id: string): Promise<{ layer: string; changed: string[] }> => send("GET", `jobs/${id}/results`);
