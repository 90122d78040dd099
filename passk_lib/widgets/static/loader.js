// The small module that every live figure carries. It fetches the figures' code from the one hidden
// widget that holds it, so that a page with several figures holds the code once.
const loaded = (globalThis[Symbol.for("passk_lib.widgets")] ??= new Map());

async function load(model) {
  let carrier = model.get("_code");
  if (typeof carrier === "string") carrier = await model.widget_manager.get_model(carrier.slice("IPY_MODEL_".length));
  const key = carrier.get("key");
  if (!loaded.has(key)) {
    const url = URL.createObjectURL(new Blob([carrier.get("source")], { type: "text/javascript" }));
    loaded.set(key, import(url).finally(() => URL.revokeObjectURL(url)));
  }
  return loaded.get(key);
}

export default {
  async render(context) {
    const { render } = await load(context.model);
    if (context.signal?.aborted) return;
    const figure = render(context, context.model.get("_figure"));
    return () => figure.dispose();
  },
};
