// The live figures by the name of their Python class.

import agreement from "./agreement.js";
import conflictMap from "./conflict_map.js";
import experiment from "./experiment.js";
import kernelHeatmap from "./kernel_heatmap.js";
import { Figure } from "./kit.js";
import mitigations from "./mitigations.js";
import objectives from "./objectives.js";
import stepSize from "./step_size.js";
import threshold from "./threshold.js";
import twoPrompts from "./two_prompts.js";
import weights from "./weights.js";

const figures = {
  AgreementHistogram: agreement,
  ConflictMap: conflictMap,
  Experiment: experiment,
  KernelHeatmap: kernelHeatmap,
  Mitigations: mitigations,
  Objectives: objectives,
  StepSize: stepSize,
  Threshold: threshold,
  TwoPrompts: twoPrompts,
  Weights: weights,
};

/** Render the figure `name` of a widget: the arguments are anywidget's. */
export function render(context, name) {
  return new Figure(context, figures[name], name);
}
