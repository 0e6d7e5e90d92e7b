// The scenes of convolution and pooling; each is made when it is first shown.

import connections from "./convolution_connections.js";
import shift from "./convolution_shift.js";
import { filter, pooling } from "./convolution_slide.js";
import volume from "./convolution_volume.js";
import { oneOf } from "./scenes_of_a_panel.js";

const SCENES = { filter, pooling, volume, connections, shift };

export default function make(root, lab) {
  return oneOf(SCENES, root, lab);
}
