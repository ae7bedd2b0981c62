/** The what-if view: the plan in hand, what the server says of it, and what the map shows of that. */

import { Problem } from "../api";
import type { App } from "../app";
import type { Village } from "../contract";
import { t } from "../i18n";
import { operator, ready, technology } from "../model";
import { decoded, encoded } from "./codec";
import type { Answer, ExactAnswer, QuickAnswer } from "./contract";
import { drawnOf, type Drawn } from "./drawn";
import { deltaOf, type Delta } from "./figures";
import { movedBy } from "./geometry";
import { began, edited, redone, settled, undone, type History } from "./history";
import { Latest } from "./latest";
import { changed, EMPTY, freeName, isEmpty, mastsOf, movedTo, placeOf, withMast, withoutMast, withoutSite, withSite, type Addition, type Place, type Plan } from "./plan";
import { askWhatIf, prepare } from "./requests";
import { Scenarios } from "./scenarios";
import { ShownMaps } from "./shownmaps";
import { Usual } from "./usual";

interface Question {
  plan: Plan;
  moving: string | null;
}

export interface Old {
  site: string;
  place: Place;
}

const NOWHERE: Old | null = null;
const ZOOM = 12;
const LIFT_MS = 900;

export class WhatIf {
  history: History<Plan> = began(EMPTY);
  chosen: string | null = null;
  carrier = 0;
  isArmed = false;
  readonly usual = new Usual();
  isPrepared = false;
  answer: ExactAnswer | null = null;
  quick: QuickAnswer | null = null;
  /** The exact answer before the last edit: what the second line and the map compare with. */
  before: ExactAnswer | null = null;
  problem: string | null = null;
  /** Standing site that is chosen on the map. */
  site: string | null = null;
  /** Place on the map where a mast may be put, after a long press. */
  spot: Place | null = null;
  old: Old | null = NOWHERE;
  allVillages = false;
  readonly scenarios: Scenarios;
  private dragged: Plan | null = null;
  private readonly maps = new ShownMaps(() => this.app.update());
  private readonly latest = new Latest<Question>(
    (question) => this.ask(question),
    () => this.rested(),
  );
  private isStarted = false;
  private asked = "";
  private heldLast = -Infinity;

  constructor(readonly app: App) {
    this.scenarios = new Scenarios(this);
  }

  get plan(): Plan {
    return this.dragged ?? this.history.present;
  }

  get isDragging(): boolean {
    return this.dragged !== null;
  }

  get isBusy(): boolean {
    return this.latest.busy;
  }

  /** Figures shown: a quick look until the exact ones are there. */
  get shown(): Answer | null {
    return this.quick ?? this.answer;
  }

  get isActive(): boolean {
    return this.app.state.view === "whatif";
  }

  carriers(): Addition[] {
    return this.plan.additions.filter((one) => one.site_id === this.chosen);
  }

  chosenCarrier(): Addition | null {
    const own = this.carriers();
    return own[this.carrier] ?? own[0] ?? null;
  }

  /** Called whenever the page's state changed: the view is opened, or counts something else. */
  follow(): void {
    if (!this.isActive || !ready(this.app.model.results)) return;
    if (!this.isStarted) void this.start();
    const name = JSON.stringify(this.name());
    if (this.asked !== "" && this.asked !== name && !isEmpty(this.plan)) this.askAgain();
    this.asked = name;
  }

  private name(): { technology: string; operator: string } {
    const { model, state } = this.app;
    return { technology: technology(model, state), operator: operator(model, state) };
  }

  private async start(): Promise<void> {
    this.isStarted = true;
    const { scenario, plan } = this.app.state;
    void this.scenarios.refresh();
    const given = plan === null ? null : decoded(plan);
    if (plan !== null && given === null) this.problem = t("whatif.link_broken");
    if (scenario !== null) await this.scenarios.open(scenario, given);
    else if (given !== null) this.take(given);
    await this.usual.load();
    this.app.update();
    await prepare().catch(() => undefined);
    this.isPrepared = true;
    this.app.update();
  }

  // ---- edits ----

  /** Puts another plan in hand, as a new beginning: nothing before it can be brought back. */
  take(plan: Plan): void {
    this.history = began(plan);
    this.forget();
    this.chosen = mastsOf(plan)[0] ?? null;
    this.carrier = 0;
    this.changedPlan();
  }

  edit(next: Plan, mark: string | null = null): void {
    if (next === this.history.present) return;
    if (mark === null || mark !== this.history.mark) this.before = this.answer;
    this.history = edited(this.history, next, mark);
    this.changedPlan();
  }

  undo(): void {
    this.travel(undone(this.history), "whatif.undone");
  }

  redo(): void {
    this.travel(redone(this.history), "whatif.redone");
  }

  private travel(history: History<Plan>, said: string): void {
    if (history === this.history) return;
    this.before = this.answer;
    this.history = history;
    this.old = NOWHERE;
    if (this.chosen !== null && placeOf(this.plan, this.chosen) === null) this.chosen = mastsOf(this.plan)[0] ?? null;
    this.changedPlan();
    this.app.say(t(said));
  }

  private forget(): void {
    this.answer = this.quick = this.before = null;
    this.maps.clear();
    this.old = NOWHERE;
    this.problem = null;
  }

  private changedPlan(): void {
    this.remember();
    this.askAgain();
    this.app.update();
  }

  /** Writes the plan into the page's address: the name it is kept under, and what differs from that. */
  remember(): void {
    const { kept } = this.scenarios;
    const plan = kept && !this.scenarios.isDirty ? null : encoded(this.history.present);
    this.app.store.set({ plan, scenario: kept?.name ?? null });
  }

  private askAgain(): void {
    this.latest.clear();
    if (isEmpty(this.history.present)) return this.forget();
    this.latest.put({ plan: this.history.present, moving: null });
  }

  // ---- masts ----

  arm(isArmed = !this.isArmed): void {
    this.isArmed = isArmed;
    this.spot = null;
    if (isArmed) this.app.say(t("whatif.place_hint"));
    this.app.update();
  }

  /** Puts a mast with the usual values of its band; the operator and band of the mast before it, if any. */
  put(place: Place): void {
    this.isArmed = false;
    this.spot = this.site = null;
    const site = freeName(this.plan);
    const model = this.plan.additions.at(-1);
    this.chosen = site;
    this.carrier = 0;
    this.old = NOWHERE;
    const addition = model ? { ...model, site_id: site, lon_deg: place.lon, lat_deg: place.lat } : this.usual.mast(site, place, this.name());
    this.edit(withMast(this.history.present, addition));
    this.app.say(t("whatif.placed", { name: this.title(site) }));
  }

  title(site: string): string {
    const number = /^T(\d+)$/.exec(site)?.[1];
    return number ? t("whatif.mast", { n: number }) : site;
  }

  choose(site: string | null): void {
    this.chosen = site;
    this.carrier = 0;
    this.site = this.spot = null;
    this.app.update();
  }

  change(change: Partial<Addition>, mark: string | null = null): void {
    if (this.chosen === null) return;
    const key = mark === null ? null : `${this.chosen} ${this.carrier} ${mark}`;
    this.edit(changed(this.history.present, this.chosen, this.carrier, change), key);
  }

  /** The end of a slider's run: the next touch is a step of its own. */
  settle(): void {
    this.history = settled(this.history);
  }

  remove(site: string): void {
    this.edit(withoutMast(this.history.present, site));
    this.chosen = mastsOf(this.plan)[0] ?? null;
    this.old = NOWHERE;
    this.app.say(t("whatif.removed_mast", { name: this.title(site) }));
  }

  nudge(site: string, east_m: number, north_m: number): void {
    const from = placeOf(this.plan, site);
    if (!from) return;
    const key = `nudge ${site}`;
    if (this.history.mark !== key) this.old = { site, place: from };
    this.edit(movedTo(this.history.present, site, movedBy(from, east_m, north_m)), key);
  }

  relocate(site: string, place: Place): void {
    const from = placeOf(this.plan, site);
    if (!from) return;
    this.old = { site, place: from };
    this.edit(movedTo(this.history.present, site, place));
  }

  // ---- dragging ----

  dragTo(site: string, place: Place): void {
    if (!this.dragged) {
      const from = placeOf(this.history.present, site);
      this.chosen = site;
      this.old = from ? { site, place: from } : NOWHERE;
      this.before = this.answer;
    }
    this.dragged = movedTo(this.history.present, site, place);
    this.latest.put({ plan: this.dragged, moving: site });
    this.app.update();
  }

  drop(): void {
    const { dragged } = this;
    if (!dragged) return;
    this.dragged = null;
    this.edit(dragged);
  }

  // ---- standing sites ----

  chooseSite(site: string | null): void {
    this.site = site;
    this.spot = null;
    this.app.update();
  }

  switchOff(site: string): void {
    this.old = NOWHERE;
    this.edit(withoutSite(this.history.present, site));
  }

  switchOn(site: string): void {
    this.old = NOWHERE;
    this.edit(withSite(this.history.present, site));
  }

  /** A press on the map; true where it was meant for this view. */
  pressed(place: Place, site: string | null): boolean {
    if (!this.isActive) return false;
    // Lifting the finger after a long press is a click to some browsers.
    if (performance.now() - this.heldLast < LIFT_MS) return true;
    if (this.isArmed) this.put(place);
    else this.chooseSite(site);
    return true;
  }

  /** A long press, or the other button of a mouse: offers to put a mast there. */
  heldAt(place: Place): void {
    if (!this.isActive) return;
    this.spot = place;
    this.heldLast = performance.now();
    this.site = null;
    this.app.update();
  }

  /** From a village that is left out: a mast where it lies. */
  async tryFor(village: Village): Promise<void> {
    this.app.go("whatif");
    this.app.map?.goTo(village.lon, village.lat, ZOOM);
    while (!ready(this.usual.options) && this.usual.options?.is !== "failed") await new Promise((resolve) => window.setTimeout(resolve, 50));
    this.put({ lon: village.lon, lat: village.lat });
  }

  /** Closes the topmost thing of this view; false where there is none. */
  escape(): boolean {
    if (!this.isActive) return false;
    if (this.isArmed || this.spot || this.site) {
      this.isArmed = false;
      this.spot = this.site = null;
      this.app.update();
      return true;
    }
    return this.scenarios.escape();
  }

  // ---- asking ----

  private rested(): void {
    this.scenarios.recompare();
    this.app.update();
  }

  private isWanted({ plan, moving }: Question): boolean {
    return moving === null ? plan === this.history.present && !this.dragged : this.dragged !== null;
  }

  private async ask(question: Question): Promise<void> {
    this.app.update();
    const wish = { ...this.name(), against: this.before?.mark ?? null };
    try {
      const answer = await askWhatIf(question.plan, wish, question.moving);
      if (this.isWanted(question)) this.received(answer);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (this.isWanted(question)) this.problem = error.status === 0 ? t("error.offline") : error.message;
      this.quick = null;
    }
    this.app.update();
  }

  private received(answer: Answer): void {
    this.problem = null;
    if (answer.is_preview) this.quick = answer;
    else {
      this.answer = answer;
      this.quick = null;
    }
    this.maps.show(answer.map ?? null);
    if (!answer.is_preview) this.app.say(this.scenarios.spoken(answer));
  }

  /** Served more than by the network that stands, of what the page shows. */
  delta(answer: Answer): Delta {
    const { technology: tech, operator: who } = this.name();
    if (answer.is_preview) return { ...answer.delta, villages: null };
    return deltaOf(answer.scenarios, 1, tech, who);
  }

  drawn(): Drawn | null {
    return this.isActive ? drawnOf(this, this.maps.maps, this.name()) : null;
  }

  /** True where the figures shown belong to an earlier plan. */
  get isStale(): boolean {
    return this.problem !== null && this.answer !== null;
  }
}
