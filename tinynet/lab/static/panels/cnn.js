// A small CNN in training, or VGG-16 layer by layer.

import training from "./cnn_training.js";
import vgg from "./cnn_vgg.js";

const SCENES = { training, vgg };

export default function make(root, lab) {
  let scene = null;
  let shown = "";
  return {
    draw(state, settings) {
      if (shown !== state.scene) {
        scene?.destroy?.();
        root.replaceChildren();
        shown = state.scene;
        scene = SCENES[shown](root, lab);
      }
      scene.draw(state, settings);
    },
    destroy() {
      scene?.destroy?.();
    },
  };
}
