/** Change maps on the map: the one before stays until the next is drawn, so that nothing flickers. */

import type { ChangeMap } from "./contract";

const OVERLAP_MS = 250;

export class ShownMaps {
  maps: ChangeMap[] = [];

  constructor(private readonly changed: () => void) {}

  clear(): void {
    this.maps = [];
  }

  show(map: ChangeMap | null): void {
    const last = this.maps.at(-1);
    if (!map?.href) return this.clear();
    if (last?.href === map.href) return;
    this.maps = last ? [last, map] : [map];
    window.setTimeout(() => {
      if (this.maps.at(-1) !== map || this.maps.length < 2) return;
      this.maps = [map];
      this.changed();
    }, OVERLAP_MS);
  }
}
