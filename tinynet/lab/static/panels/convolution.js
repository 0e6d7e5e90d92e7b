// The scenes of convolution and pooling; each is made when it is first shown.

import connections from "./convolution_connections.js";
import shift from "./convolution_shift.js";
import { filter, pooling } from "./convolution_slide.js";
import volume from "./convolution_volume.js";

const SCENES = { filter, pooling, volume, connections, shift };

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
