/** Maps that travel as one file (`phusong map`) carry Leaflet inside them: put it where the product finds it. */

import { cpSync } from "node:fs";

for (const file of ["leaflet.js", "leaflet.css"]) cpSync(`node_modules/leaflet/dist/${file}`, `../phusong/app/static/portable/${file}`);
