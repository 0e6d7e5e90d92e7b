// A panel of several scenes, each a function like a panel's own: the one that the state names is made when first shown.

export function oneOf(scenes, root, lab) {
  let scene = null;
  let shown = "";
  return {
    draw(state, settings) {
      if (shown !== state.scene) {
        scene?.destroy?.();
        root.replaceChildren();
        shown = state.scene;
        scene = scenes[shown](root, lab);
      }
      scene.draw(state, settings);
    },
    destroy() {
      scene?.destroy?.();
    },
  };
}
