/** How near the map comes to what is looked for. */

export const COMMUNE_ZOOM = 11;
export const VILLAGE_ZOOM = 12;
