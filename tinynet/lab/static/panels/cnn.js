// A small CNN in training, or VGG-16 layer by layer.

import training from "./cnn_training.js";
import vgg from "./cnn_vgg.js";
import { oneOf } from "./scenes_of_a_panel.js";

const SCENES = { training, vgg };

export default function make(root, lab) {
  return oneOf(SCENES, root, lab);
}
