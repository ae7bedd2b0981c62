/** The optimiser of the page: a question, the job that answers it, better answers on the way, the plan. */

import { html, type TemplateResult } from "lit-html";
import { address, get, Problem, send } from "../api";
import type { App } from "../app";
import { isOver, type Job } from "../data/contract";
import { followJob } from "../data/jobs";
import { cancelJob, fetchJob, startJob } from "../data/requests";
import { lang, t } from "../i18n";
import { ready, WAITING, type Loadable } from "../model";
import type { ChangeMap, ExactAnswer, Options, ScenarioSummary } from "../whatif/contract";
import type { Drawn } from "../whatif/drawn";
import { planOf, type Plan } from "../whatif/plan";
import { askWhatIf, fetchOptions, fetchScenarios } from "../whatif/requests";
import type { Costs, FibrePlan, Pick, ProcessRecord, Step, TechnologyPlan, TowerPlan } from "./contract";
import { amountOf, money, qualityOf, qualityOfPlan, searched, standingOf, type Quality } from "./figures";
import { PICKS, type DrawnPlan } from "./layers";
import { FORM, inputsOf, type Form } from "./request";

export type Tab = "towers" | "residual" | "fibre";
export const TABS: readonly Tab[] = ["towers", "residual", "fibre"];
const KINDS: Record<string, Tab> = { optimise: "towers", technology: "residual", fibre: "fibre" };

export interface FibreForm {
  to: "villages" | "masts";
  among: "without_fibre" | "white" | "all";
  scenario: string;
}

type Result = TowerPlan | TechnologyPlan | FibrePlan;

export class Optimiser {
  form: Form = { ...FORM, means: [...FORM.means] };
  residualForm = { technology: "", operator: "", costs: {} as Record<string, number> };
  fibreForm: FibreForm = { to: "villages", among: "without_fibre", scenario: "" };
  tab: Tab = "towers";
  job: Job | null = null;
  steps: Step[] = [];
  result: Loadable<Result> | null = null;
  options: Options | null = null;
  usual: Partial<Record<Tab, Costs>> = {};
  scenarios: ScenarioSummary[] = [];
  earlier: Job[] = [];
  problem: string | null = null;
  chosen: number | null = null;
  isStopping = false;
  isNaming = false;
  saved: { name: string; version: number } | null = null;
  /** Where the plan changes who is served, as a picture of the engine's. */
  change: ChangeMap | null = null;
  plan: Plan | null = null;
  private followed: string | null = null;
  private unfollow: () => void = () => undefined;
  private isStarted = false;

  constructor(readonly app: App) {}

  get isActive(): boolean {
    return this.app.state.view === "optimise";
  }

  get isRunning(): boolean {
    return this.job !== null && !isOver(this.job);
  }

  get towers(): TowerPlan | null {
    return this.tab === "towers" ? (ready(this.result) as TowerPlan | null) : null;
  }

  get residual(): TechnologyPlan | null {
    return this.tab === "residual" ? (ready(this.result) as TechnologyPlan | null) : null;
  }

  get fibre(): FibrePlan | null {
    return this.tab === "fibre" ? (ready(this.result) as FibrePlan | null) : null;
  }

  /** Changes whenever the map has something else to draw. */
  get mark(): string {
    return JSON.stringify([this.isActive, this.tab, this.job?.jobID, this.result?.is, this.chosen, this.change?.href]);
  }

  pick(): Pick | null {
    return this.towers?.picks.find((one) => one.number === this.chosen) ?? null;
  }

  /** Value and bound as they stand now: of the plan, or of the search that runs. */
  quality(): Quality | null {
    if (this.towers) return qualityOfPlan(this.towers);
    const last = searched(this.steps).at(-1);
    return last && this.tab === "towers" ? qualityOf(last, standingOf(this.steps)) : null;
  }

  /** Called whenever the page's state changed. */
  follow(): void {
    if (!this.isActive) return;
    if (!this.isStarted) void this.start();
    const wanted = this.app.state.job;
    if (wanted === this.followed) return;
    this.followed = wanted;
    this.forget();
    if (wanted !== null) this.watch(wanted);
  }

  private async start(): Promise<void> {
    this.isStarted = true;
    await Promise.all([
      this.trying(async () => void (this.options = await fetchOptions())),
      this.trying(async () => void (this.scenarios = await fetchScenarios())),
      this.trying(async () => void (this.earlier = await this.runs())),
      ...(["optimise", "technology", "fibre"] as const).map((name) =>
        this.trying(async () => {
          const record = await get<ProcessRecord>(`processes/${name}`);
          this.usual[KINDS[name] as Tab] = (record.inputs["costs"]?.schema.default ?? {}) as Costs;
        }),
      ),
    ]);
    this.app.update();
  }

  /** Plans found before, the newest first. */
  private async runs(): Promise<Job[]> {
    const { jobs } = await get<{ jobs: Job[] }>("jobs", { limit: 100 });
    return jobs.filter((job) => job.processID in KINDS && job.status === "successful").slice(0, 20);
  }

  private async trying(act: () => Promise<void>): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem = error.status === 0 ? t("error.offline") : error.message;
      return false;
    } finally {
      this.app.update();
    }
  }

  private forget(): void {
    this.unfollow();
    this.job = this.result = this.change = this.plan = null;
    this.chosen = null;
    this.steps = [];
    this.isStopping = this.isNaming = false;
    this.saved = null;
    this.problem = null;
  }

  setForm(change: Partial<Form>): void {
    Object.assign(this.form, change);
    this.app.update();
  }

  setTab(tab: Tab): void {
    if (tab === this.tab) return;
    this.tab = tab;
    this.followed = null;
    this.forget();
    this.app.store.set({ job: null });
  }

  // ---- a job ----

  private inputs(): [process: string, inputs: Record<string, unknown>] {
    if (this.tab === "towers") return ["optimise", inputsOf(this.form, this.usual.towers ?? {})];
    if (this.tab === "residual") {
      const { technology, operator, costs } = this.residualForm;
      return ["technology", { ...(technology ? { technology } : {}), ...(operator ? { operator } : {}), costs }];
    }
    const { to, among, scenario } = this.fibreForm;
    return ["fibre", { to, among, ...(scenario ? { scenario } : {}) }];
  }

  async run(): Promise<void> {
    this.problem = null;
    await this.trying(async () => {
      const [process, inputs] = this.inputs();
      const job = await startJob(process, inputs);
      this.app.store.set({ job: job.jobID });
    });
  }

  /** The scenario's masts are built in any case; the optimiser chooses the rest. */
  finish(scenario: string): void {
    this.setTab("towers");
    this.setForm({ finish: scenario });
    this.app.store.set({ view: "optimise", job: null, query: "" });
    void this.trying(async () => void (this.scenarios = await fetchScenarios()));
  }

  private watch(id: string): void {
    void this.trying(async () => this.told(await fetchJob(id))).then((isKnown) => {
      if (!isKnown || this.followed !== id || this.result) return;
      this.unfollow = followJob(
        id,
        (job) => this.told(job),
        (step) => this.stepped(id, step as Step),
      );
    });
  }

  private stepped(id: string, step: Step): void {
    if (this.followed !== id) return;
    // A stream that connects again tells from where it was, but a page opened late hears it all.
    const last = this.steps.at(-1);
    if (last && step.seconds < last.seconds && step.stage !== "standing") return;
    this.steps = [...this.steps, step];
    this.app.update();
  }

  private told(job: Job): void {
    if (this.followed !== job.jobID) return;
    this.tab = KINDS[job.processID] ?? "towers";
    this.job = job;
    if (job.status === "failed") this.problem = job.message;
    if (job.status === "successful" && this.result === null) void this.receive(job.jobID);
    this.app.update();
  }

  private async receive(id: string): Promise<void> {
    this.result = WAITING;
    await this.trying(async () => {
      const result = await get<Result>(`jobs/${id}/results`);
      if (this.followed !== id) return;
      this.result = { is: "ready", value: result };
      this.isStopping = false;
    });
    if (this.towers) {
      // A page opened late has not heard the search, and a stream may end before its last step.
      this.steps = this.towers.steps ?? this.steps;
      this.announce(this.towers);
      await this.loadChange(id, this.towers);
    }
    await this.trying(async () => void (this.earlier = await this.runs()));
  }

  private announce(plan: TowerPlan): void {
    const { value, bound } = qualityOfPlan(plan);
    const said = plan.objective === "weight" ? amountOf(plan.request.target, value) : money(plan.cost_mvnd);
    const most = plan.objective === "weight" ? amountOf(plan.request.target, bound) : money(bound);
    this.app.say(t("optimise.said", { sites: plan.picks.length, value: said, bound: most }));
  }

  /** The map of what the plan changes, drawn by the engine as for any other scenario. */
  private async loadChange(id: string, plan: TowerPlan): Promise<void> {
    if (plan.picks.length === 0) return;
    await this.trying(async () => {
      const kept = planOf(await get<Plan>(`jobs/${id}/scenario`));
      if (this.followed !== id) return;
      this.plan = kept;
      this.app.update();
      const answer = await askWhatIf(kept, { technology: plan.builder.technology, operator: "all", against: null }, null);
      if (this.followed === id) this.change = (answer as ExactAnswer).map ?? null;
    });
  }

  /** Ends the search; the best plan so far is kept. */
  async stop(): Promise<void> {
    const { job } = this;
    if (!job) return;
    this.isStopping = true;
    await this.trying(async () => this.told(await send<Job>("POST", `jobs/${job.jobID}/finish`)));
  }

  async cancel(): Promise<void> {
    const { job } = this;
    if (job) await this.trying(async () => this.told(await cancelJob(job.jobID)));
  }

  // ---- the plan ----

  choose(number: number | null): void {
    this.chosen = number === this.chosen ? null : number;
    const pick = this.pick();
    if (pick) {
      this.app.map?.reveal(pick.lon, pick.lat);
      this.app.say(t("optimise.chosen", { n: pick.number, name: pick.commune_name ?? "", adds: amountOf(this.towers?.request.target ?? "households", pick.adds) }));
      window.setTimeout(() => document.querySelector(`[data-pick="${pick.number}"]`)?.scrollIntoView({ block: "nearest" }), 50);
    }
    this.app.update();
  }

  ask(isNaming: boolean): void {
    this.isNaming = isNaming;
    this.app.update();
    if (isNaming) window.setTimeout(() => document.querySelector<HTMLInputElement>("#plan-name")?.select());
  }

  /** Address of the plan as a file, in the reader's language. */
  file(ending: string): string {
    return `${address(`jobs/${this.job?.jobID ?? ""}/plan.${ending}`)}?lang=${lang()}`;
  }

  /** The whole record, for those who check. */
  json(): TemplateResult {
    return html`<a class="link" download href=${this.file("json")}>${t("optimise.method.json")}</a>`;
  }

  /** "A", "B" …: the first letter that names no scenario yet. */
  freeName(): string {
    const taken = new Set(this.scenarios.map((one) => one.name));
    const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"].map((letter) => t("optimise.scenario", { letter }));
    return letters.find((name) => !taken.has(name)) ?? t("optimise.scenario", { letter: String(taken.size + 1) });
  }

  async save(name: string): Promise<void> {
    const { job } = this;
    if (!job || name.trim() === "") return;
    await this.trying(async () => {
      this.saved = await send<{ name: string; version: number }>("POST", `jobs/${job.jobID}/scenario`, { name: name.trim() });
      this.isNaming = false;
      this.scenarios = await fetchScenarios();
      this.app.say(t("optimise.saved", { name: this.saved.name }));
    });
  }

  /** A press on the map; true where it met a pick. */
  pressed(lon: number, lat: number): boolean {
    const map = this.app.map?.map;
    if (!this.isActive || !this.towers || !map?.getLayer(PICKS)) return false;
    const found = map.queryRenderedFeatures(map.project([lon, lat]), { layers: [PICKS] })[0];
    if (!found) return false;
    this.choose(Number(found.properties["number"]));
    return true;
  }

  drawn(): DrawnPlan | null {
    const { towers, residual, fibre, chosen } = this;
    return this.isActive && (towers || residual || fibre) ? { towers, residual, fibre, chosen } : null;
  }

  /** Coverage that the plan adds, drawn as what-if draws it. */
  drawnChange(): Drawn | null {
    const { towers, change } = this;
    if (!this.isActive || !towers) return null;
    return { maps: change ? [change] : [], trail: null, removed: [], villages: [], standing: { technology: towers.builder.technology, operator: "all" } };
  }

  escape(): boolean {
    if (!this.isActive || (this.chosen === null && !this.isNaming)) return false;
    this.chosen = null;
    this.isNaming = false;
    this.app.update();
    return true;
  }
}
