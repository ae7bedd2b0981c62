/** The bar of a share with the tick of its target. */

import { html, nothing, type TemplateResult } from "lit-html";

export function bar(share: number | null, colour: string, targetPercent: number | null): TemplateResult {
  const width = share === null ? 0 : Math.min(100, Math.max(0, share * 100));
  const tick = targetPercent === null ? nothing : html`<i class="tick" style="left:${targetPercent}%"></i>`;
  return html`<span class="bar" aria-hidden="true"><i class="fill" style="width:${width}%;background:${colour}"></i>${tick}</span>`;
}
