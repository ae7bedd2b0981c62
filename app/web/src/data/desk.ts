/** The desk of the data view: files sent and looked at, jobs followed, settings kept. */

import { Problem } from "../api";
import type { App } from "../app";
import { t } from "../i18n";
import type { Loadable } from "../model";
import { isOver, PLAIN_READING, type Job, type Layers, type MethodAnswer, type Preview, type Reading, type Upload } from "./contract";
import { guessLayer } from "./guess";
import { followJob } from "./jobs";
import * as requests from "./requests";

export interface Sending {
  name: string;
  sent_bytes: number;
  total_bytes: number;
}

/** Parts of a Shapefile: taken beside it, but not worth naming. */
const PARTS = [".dbf", ".shx", ".prj", ".cpg", ".sbn", ".sbx", ".qix"];
/** Kinds of jobs the data view shows and waits for. */
const KINDS = ["compute", "import", "sample"];

/** Whether an upload still has a decision or the end of its import before it. */
function isWaiting(upload: Upload, jobs: readonly Job[]): boolean {
  const job = jobs.find((one) => one.jobID === upload.job);
  return upload.job === null || (job !== undefined && job.status !== "successful");
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Problem)) return error instanceof Error ? error.message : String(error);
  return error.status === 0 ? t("error.offline") : error.message;
}

export class DataDesk {
  layers: Layers | null = null;
  /** Layer that the next file becomes. */
  layer = "communes";
  private isChosen = false;
  sending: Sending | null = null;
  upload: Upload | null = null;
  preview: Loadable<Preview> | null = null;
  reading: Reading = PLAIN_READING;
  job: Job | null = null;
  /** What went wrong, in the place where it happened. */
  problem: { at: "upload" | "layers" | "job" | "settings"; text: string } | null = null;
  settings: MethodAnswer | null = null;
  dialog: "settings" | "export" | null = null;
  dragging = false;
  /** What was imported last, and may be taken back. */
  imported: { layer: string; changed: string[] } | null = null;
  private turn = 0;
  private stop: (() => void) | null = null;
  private next: "compute" | null = null;

  constructor(private readonly app: App) {}

  /** Finds what an earlier visit left: a running job, an upload that waits. */
  async start(): Promise<void> {
    const [jobs, uploads] = await Promise.all([requests.fetchJobs(), requests.fetchUploads()]).catch(() => [[], []] as [Job[], Upload[]]);
    const running = jobs.find((job) => KINDS.includes(job.processID) && !isOver(job));
    if (running) this.follow(running);
    const waiting = uploads.filter((upload) => isWaiting(upload, jobs)).at(-1);
    if (waiting && this.upload === null) {
      this.upload = waiting;
      this.layer = waiting.layer;
      if (this.app.state.view === "data") void this.look();
    }
    if (this.app.state.view === "data") void this.loadLayers();
    this.app.update();
  }

  /** Called when the view is opened or the language changes. */
  opened(): void {
    void this.loadLayers();
    if (this.upload) void this.look();
  }

  async loadLayers(): Promise<void> {
    await this.try("layers", async () => {
      this.layers = await requests.fetchLayers();
    });
  }

  private async try(at: NonNullable<DataDesk["problem"]>["at"], act: () => Promise<void>): Promise<boolean> {
    if (this.problem?.at === at) this.problem = null;
    try {
      await act();
      return true;
    } catch (error) {
      this.problem = { at, text: wordsOf(error) };
      return false;
    } finally {
      this.app.update();
    }
  }

  chooseLayer(layer: string): void {
    this.layer = layer;
    this.isChosen = true;
    this.app.update();
  }

  endings(): string[] {
    const all = this.layers?.importable.find((one) => one.id === this.layer)?.endings ?? [];
    return all.filter((ending) => !PARTS.includes(ending));
  }

  /** Sends files as one upload, the first of them alone opening it. */
  async send(files: readonly File[]): Promise<void> {
    if (files.length === 0 || this.sending) return;
    const total = files.reduce((sum, file) => sum + file.size, 0);
    if (!this.isChosen) this.layer = guessLayer(files.map((file) => file.name)) ?? this.layer;
    this.isChosen = false;
    await this.discard();
    const limit = this.layers?.largest_bytes ?? Infinity;
    if (total > limit) {
      this.problem = { at: "upload", text: t("data.too_large", { mb: Math.floor(limit / 1e6) }) };
      return this.app.update();
    }
    await this.try("upload", () => this.sendAll(files, total));
    this.sending = null;
    if (this.upload) await this.look();
  }

  private async sendAll(files: readonly File[], total_bytes: number): Promise<void> {
    let before = 0;
    for (const file of files) {
      this.sending = { name: file.name, sent_bytes: before, total_bytes };
      this.app.update();
      const to = this.upload ? { upload: this.upload.id } : { layer: this.layer };
      this.upload = await requests.sendFile(file, to, (bytes) => {
        if (this.sending) this.sending.sent_bytes = before + bytes;
        this.app.update();
      });
      before += file.size;
    }
    this.reading = PLAIN_READING;
  }

  /** Asks what an import would do, with the reader's corrections. */
  async look(reading: Reading = this.reading): Promise<void> {
    const { upload } = this;
    if (!upload) return;
    this.reading = reading;
    this.turn += 1;
    const turn = this.turn;
    if (this.preview?.is !== "ready") this.preview = { is: "waiting" };
    this.app.update();
    try {
      const value = await requests.fetchPreview(upload.id, reading);
      if (turn !== this.turn) return;
      this.preview = { is: "ready", value };
      this.app.model.preview = value.sample;
      if (value.bounds) this.app.map?.fit(value.bounds);
      this.app.say(t("data.said", { rows: value.rows, errors: value.counts.error }));
    } catch (error) {
      if (turn !== this.turn) return;
      if (error instanceof Problem && error.status === 404) this.forget();
      else this.preview = { is: "failed", detail: wordsOf(error), status: 0 };
    }
    this.app.update();
  }

  private forget(): void {
    this.turn += 1;
    this.upload = null;
    this.preview = null;
    this.reading = PLAIN_READING;
    this.app.model.preview = null;
  }

  async discard(): Promise<void> {
    const { upload } = this;
    this.forget();
    this.problem = null;
    this.app.update();
    if (upload) await requests.discardUpload(upload.id).catch(() => undefined);
  }

  async accept(): Promise<void> {
    const { upload } = this;
    if (!upload) return;
    await this.try("upload", async () => {
      const job = await requests.acceptUpload(upload.id, this.reading);
      this.imported = null;
      this.follow(job);
    });
  }

  async compute(): Promise<void> {
    this.next = null;
    await this.try("job", async () => this.follow(await requests.startJob("compute")));
  }

  /** Fills an empty study with the sample province and computes it. */
  async openSample(): Promise<void> {
    await this.try("job", async () => {
      const job = await requests.startJob("sample");
      this.next = "compute";
      this.follow(job);
    });
  }

  async cancel(): Promise<void> {
    const { job } = this;
    this.next = null;
    if (job) await this.try("job", async () => void (await requests.cancelJob(job.jobID)));
  }

  restore(layers: readonly string[]): Promise<void> {
    return this.changeLayers(layers, (layer) => requests.restoreLayer(layer));
  }

  /** Brings back one of the versions kept. */
  restoreVersion(layer: string, sha256: string): Promise<void> {
    return this.changeLayers([layer], (name) => requests.restoreLayer(name, sha256));
  }

  remove(layers: readonly string[]): Promise<void> {
    return this.changeLayers(layers, requests.removeLayer);
  }

  private async changeLayers(layers: readonly string[], change: (layer: string) => Promise<unknown>): Promise<void> {
    await this.try("layers", async () => {
      for (const layer of layers) await change(layer);
      this.imported = null;
      await this.app.refresh();
      await this.loadLayers();
    });
  }

  /** Undoes the last import: what it replaced comes back, what it brought anew goes. */
  async undo(): Promise<void> {
    const changed = new Set(this.imported?.changed ?? []);
    // The list may still be on its way when the button is pressed at once.
    await this.loadLayers();
    const known = (this.layers?.layers ?? []).filter((layer) => changed.has(layer.id));
    const names = (replaced: boolean): string[] => known.filter((layer) => (layer.previous !== null) === replaced).map((layer) => layer.id);
    const [replaced, anew] = [names(true), names(false)];
    if (replaced.length) await this.restore(replaced);
    if (anew.length) await this.remove(anew);
  }

  private follow(job: Job): void {
    this.stop?.();
    this.job = job;
    this.stop = followJob(job.jobID, (now) => void this.told(now));
    this.app.update();
  }

  private async told(job: Job): Promise<void> {
    const was = this.job;
    this.job = job;
    this.app.update();
    if (!isOver(job) || (was && was.jobID === job.jobID && isOver(was))) return;
    this.app.say(t(`data.job.${job.processID}.${job.status}`));
    if (job.status !== "successful") this.next = null;
    if (job.status === "successful" && job.processID === "import") await this.ended(job);
    if (job.status === "successful") {
      await this.app.refresh();
      await this.loadLayers();
    } else if (this.upload) {
      this.upload = { ...this.upload, job: null };
    }
    if (this.next === "compute") await this.compute();
  }

  /** The files of an import that ended well are no longer needed. */
  private async ended(job: Job): Promise<void> {
    const result = await requests.fetchResult(job.jobID).catch(() => null);
    this.imported = result;
    await this.discard();
  }

  async openSettings(): Promise<void> {
    this.dialog = "settings";
    await this.try("settings", async () => {
      this.settings = await requests.fetchMethod();
    });
  }

  show(dialog: DataDesk["dialog"]): void {
    this.dialog = dialog;
    if (dialog === null) this.settings = null;
    this.app.update();
  }

  async saveSettings(method: Record<string, unknown>, targets: Parameters<typeof requests.putTargets>[0]): Promise<void> {
    const saved = await this.try("settings", async () => {
      await requests.putMethod(method);
      await requests.putTargets(targets);
    });
    if (!saved) return;
    this.show(null);
    await this.app.refresh();
  }
}
