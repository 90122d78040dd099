// The live figures by the name of their Python class.

import conflictMap from "./conflict_map.js";
import { Figure } from "./kit.js";

const figures = { ConflictMap: conflictMap };

/** Render the figure `name` of a widget: the arguments are anywidget's. */
export function render(context, name) {
  return new Figure(context, figures[name], name);
}
