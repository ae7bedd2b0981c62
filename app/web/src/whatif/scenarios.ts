/** Scenarios: kept by name with versions, loaded, renamed, copied, deleted and brought back, compared. */

import { Problem } from "../api";
import { number } from "../format";
import { t } from "../i18n";
import { ready, WAITING, type Loadable } from "../model";
import type { Comparison, ExactAnswer, SavedScenario, ScenarioSummary } from "./contract";
import type { WhatIf } from "./controller";
import { EMPTY, isEmpty, planOf, type Plan } from "./plan";
import { compareScenarios, deleteScenario, fetchScenario, fetchScenarios, keepScenario, restoreScenario } from "./requests";

export interface Kept {
  name: string;
  version: number;
  plan: Plan;
  note: string;
}

export type Form = "save" | "rename" | null;
const MOST_COMPARED = 2;

export class Scenarios {
  kept: Kept | null = null;
  list: Loadable<ScenarioSummary[]> | null = null;
  form: Form = null;
  /** What went wrong in the form or the menu, where it stands. */
  problem: string | null = null;
  /** Somebody else saved another version of this name since. */
  conflict: string | null = null;
  /** The name that was asked for when there was a conflict. */
  wanted: string | null = null;
  deleted: string | null = null;
  /** Names of kept scenarios that stand beside the plan in hand. */
  beside: string[] = [];
  isComparing = false;
  comparison: Loadable<Comparison> | null = null;
  private compared = "";

  constructor(private readonly whatif: WhatIf) {}

  get isDirty(): boolean {
    const { plan } = this.whatif;
    return this.kept === null ? !isEmpty(plan) : JSON.stringify(planOf(this.kept.plan)) !== JSON.stringify(planOf(plan));
  }

  private update(): void {
    this.whatif.app.update();
  }

  private async trying(act: () => Promise<void>): Promise<boolean> {
    this.problem = null;
    try {
      await act();
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.code === "scenario_conflict") this.conflict = error.message;
      else this.problem = error.status === 0 ? t("error.offline") : error.message;
      return false;
    } finally {
      this.update();
    }
  }

  async refresh(): Promise<void> {
    await this.trying(async () => {
      this.list = { is: "ready", value: await fetchScenarios() };
    });
  }

  private hold(saved: SavedScenario): void {
    const { name, version, note } = saved;
    this.kept = { name, version, note, plan: planOf(saved.scenario) };
  }

  /** Loads a scenario; a plan that differs from it, from the address, goes on being edited. */
  async open(name: string, edited: Plan | null = null): Promise<void> {
    this.form = this.conflict = this.deleted = null;
    const isThere = await this.trying(async () => {
      this.hold(await fetchScenario(name));
    });
    if (isThere) this.whatif.take(edited ?? this.kept?.plan ?? EMPTY);
    else if (edited !== null) this.whatif.take(edited);
  }

  /** Back to the network that stands. */
  close(): void {
    this.kept = this.conflict = this.form = null;
    this.whatif.take(EMPTY);
  }

  ask(form: Form): void {
    this.form = form;
    this.problem = this.conflict = null;
    this.update();
    window.setTimeout(() => document.querySelector<HTMLInputElement>("#scenario-name")?.select());
  }

  /** Saves under a name; the same name writes the next version, another one must be free. */
  async save(name: string, force = false): Promise<void> {
    const { plan } = this.whatif;
    this.wanted = name;
    const own = this.kept?.name === name ? this.kept : null;
    const version = force ? null : (own?.version ?? 0);
    await this.trying(async () => {
      this.hold(await keepScenario(name, plan, version, own?.note ?? ""));
      this.form = this.conflict = null;
      this.whatif.remember();
      this.whatif.app.say(t("whatif.saved", { name, version: String(this.kept?.version ?? "") }));
      await this.refresh();
      this.recompare();
    });
  }

  /** A name of its own for a copy: the old one and a number. */
  freeName(name: string): string {
    const taken = new Set((ready(this.list) ?? []).map((one) => one.name));
    let number = 2;
    while (taken.has(`${name} (${number})`)) number += 1;
    return `${name} (${number})`;
  }

  async duplicate(): Promise<void> {
    if (this.kept) await this.save(this.freeName(this.kept.name));
  }

  /** The new name is kept before the old one goes, so that nothing is lost half-way. */
  async rename(name: string): Promise<void> {
    const before = this.kept;
    if (!before || name === before.name) return this.ask(null);
    await this.trying(async () => {
      this.hold(await keepScenario(name, before.plan, 0, before.note));
      await deleteScenario(before.name);
      this.form = null;
      this.whatif.remember();
      await this.refresh();
    });
  }

  async remove(): Promise<void> {
    const { kept } = this;
    if (!kept) return;
    await this.trying(async () => {
      await deleteScenario(kept.name);
      this.deleted = kept.name;
      this.kept = null;
      this.beside = this.beside.filter((name) => name !== kept.name);
      this.whatif.remember();
      this.whatif.app.say(t("whatif.deleted", { name: kept.name }));
      await this.refresh();
    });
  }

  async bringBack(): Promise<void> {
    const name = this.deleted;
    if (name === null) return;
    await this.trying(async () => {
      this.hold(await restoreScenario(name));
      this.deleted = null;
      this.whatif.remember();
      await this.refresh();
    });
  }

  // ---- comparing ----

  toggleCompare(): void {
    this.isComparing = !this.isComparing;
    if (this.isComparing && this.beside.length === 0) {
      const others = (ready(this.list) ?? []).map((one) => one.name).filter((name) => name !== this.kept?.name);
      this.beside = others.slice(0, isEmpty(this.whatif.plan) ? MOST_COMPARED : MOST_COMPARED - 1);
    }
    this.recompare();
    this.update();
    if (this.isComparing) window.setTimeout(() => document.querySelector(".compare")?.scrollIntoView({ block: "start" }), 50);
  }

  setBeside(place: number, name: string): void {
    const beside = [...this.beside];
    if (name === "") beside.splice(place, 1);
    else beside[place] = name;
    this.beside = [...new Set(beside)];
    this.recompare();
  }

  /** Compares again where something in the table has changed. */
  recompare(): void {
    if (!this.isComparing || this.whatif.isDragging) return;
    const { plan } = this.whatif;
    const own = isEmpty(plan) ? [] : [{ ...plan, name: this.kept?.name ?? t("whatif.in_hand") }];
    const asked = [...this.beside, ...own];
    const key = JSON.stringify([asked, (ready(this.list) ?? []).map((one) => [one.name, one.version])]);
    if (key === this.compared) return;
    this.compared = key;
    if (asked.length === 0) this.comparison = null;
    else void this.compare(asked, key);
  }

  private async compare(asked: (string | (Plan & { name: string }))[], key: string): Promise<void> {
    this.comparison ??= WAITING;
    this.update();
    try {
      const value = await compareScenarios(asked);
      if (key === this.compared) this.comparison = { is: "ready", value };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (key === this.compared) this.comparison = { is: "failed", detail: error.message, status: error.status };
    }
    this.update();
  }

  /** The answer in words, for those who hear it. */
  spoken(answer: ExactAnswer): string {
    const column = answer.scenarios[1];
    const delta = this.whatif.delta(answer);
    return t("whatif.spoken", { people: number(delta.population), households: number(delta.households), gains: String(column?.gains.length ?? 0), loses: String(column?.loses.length ?? 0) });
  }

  escape(): boolean {
    if (this.form === null && this.conflict === null) return false;
    this.form = this.conflict = null;
    this.update();
    return true;
  }
}
