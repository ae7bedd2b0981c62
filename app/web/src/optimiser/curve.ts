/** Coverage against money: the plan, how it would go on, and what no plan exceeds. */

import { html, nothing, svg, type SVGTemplateResult, type TemplateResult } from "lit-html";
import { number } from "../format";
import { t } from "../i18n";
import type { TowerPlan } from "./contract";
import { amountOf, curveOf, money, pathOf, ticks, type Curve, type Point } from "./figures";

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT] = [392, 214, 46, 26, 14, 16];

interface Scale {
  x: (mvnd: number) => number;
  y: (added: number) => number;
  most: number;
  top: number;
}

/** Room for the plan and as much again, so that what comes after it can be judged. */
function scaleOf(curve: Curve, spent: number): Scale {
  const end = curve.cost.at(-1) ?? 0;
  const most = Math.max(Math.min(end, Math.max(spent * 2, 2000)), 1);
  const inSight = curve.bound.filter((one) => one.cost <= most).map((one) => one.most);
  const added = curve.added.filter((_, at) => (curve.cost[at] as number) <= most);
  const top = Math.max(...added, ...inSight.map((one) => Math.min(one, Math.max(...added) * 1.6)), 1);
  return {
    most,
    top,
    x: (mvnd) => LEFT + (mvnd / most) * (WIDTH - LEFT - RIGHT),
    y: (value) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - BOTTOM - TOP),
  };
}

function axes(scale: Scale): SVGTemplateResult {
  const columns = ticks(scale.most / 1000, 5);
  return svg`${ticks(scale.top, 3).map((value) => svg`<line class="opt-grid" x1=${LEFT} x2=${WIDTH - RIGHT} y1=${scale.y(value)} y2=${scale.y(value)} /><text class="opt-tick" text-anchor="end" x=${LEFT - 6} y=${scale.y(value) + 4}>${number(value)}</text>`)}
    ${columns.map((value, at) => svg`<text class="opt-tick" text-anchor=${at === columns.length - 1 ? "end" : "middle"} x=${Math.min(scale.x(value * 1000), WIDTH)} y=${HEIGHT - 8}>${number(value, Number.isInteger(value) ? 0 : 1)}${at === columns.length - 1 ? ` ${t("optimise.unit.billion")}` : ""}</text>`)}`;
}

const inSight = (points: readonly Point[]): Point[] => points.filter((point) => point.x <= WIDTH - RIGHT + 0.5 && point.y >= TOP - 12);

export function costCurve(plan: TowerPlan, chosen: number | null): TemplateResult | typeof nothing {
  const curve = curveOf(plan);
  if (curve.planned === 0) return nothing;
  const spent = curve.cost[curve.planned] ?? 0;
  const here = curve.added[curve.planned] ?? 0;
  const scale = scaleOf(curve, spent);
  const points = curve.cost.map((mvnd, at) => ({ x: scale.x(mvnd), y: scale.y(curve.added[at] as number) }));
  const planned = points.slice(0, curve.planned + 1);
  const rest = inSight(points.slice(curve.planned));
  const bound = inSight(curve.bound.map((one) => ({ x: scale.x(one.cost), y: scale.y(one.most) })));
  const at = { x: scale.x(spent), y: scale.y(here) };
  const isRight = at.x > WIDTH - 130;
  const label = amountOf(plan.request.target, here);
  return html`<figure class="opt-curve" data-testid="opt-curve"><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${t("optimise.curve_said", { value: label, cost: money(spent) })}>
    ${axes(scale)}
    <path class="opt-curve-bound" data-testid="opt-curve-bound" d=${pathOf(bound)} />
    <path class="opt-curve-rest" d=${pathOf(rest)} /><path class="opt-curve-plan" d=${pathOf(planned)} />
    ${rest.slice(1).map(({ x, y }) => svg`<circle class="opt-curve-open" cx=${x} cy=${y} r="2.4" />`)}
    ${planned.map(({ x, y }, k) => svg`<circle class=${k === chosen ? "opt-curve-chosen" : "opt-curve-dot"} cx=${x} cy=${y} r=${k === chosen ? 4.5 : 2.8} />`)}
    <line class="opt-curve-here" x1=${at.x} x2=${at.x} y1=${TOP} y2=${HEIGHT - BOTTOM} />
    <circle class="opt-curve-mark" cx=${at.x} cy=${at.y} r="6" />
    <text class="opt-curve-label" text-anchor=${isRight ? "end" : "start"} x=${at.x + (isRight ? -10 : 10)} y=${at.y + 26}><tspan class="strong">${label}</tspan><tspan x=${at.x + (isRight ? -10 : 10)} dy="15">${t("optimise.spent", { cost: money(spent, 1) })}</tspan></text>
  </svg><figcaption><span class="opt-key"><i></i>${t("optimise.plan")}</span><span class="opt-key"><i class="open"></i>${t("optimise.beyond")}</span>
    ${bound.length ? html`<span class="opt-key"><i class="dashed"></i>${t("optimise.bound_proved")}</span>` : nothing}</figcaption></figure>`;
}
