// What every widget carries to the browser: the panels' module and styles, packed, and how to
// unpack them. A notebook that is saved with its widgets' state holds it once for each panel.

/** The module and the styles as JSON, deflated, in base64; widgets/bundle.py puts it here. */
const PACKED = "";

/** @returns {Promise<{esm: string, css: string}>} */
async function unpacked() {
  const bytes = Uint8Array.from(atob(PACKED), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).json();
}

/**
 * Have the page wear the styles, in place of those of an earlier version.
 * @param {string} css
 */
function dress(css) {
  const style = document.getElementById("oqc-styles") ?? document.createElement("style");
  style.id = "oqc-styles";
  if (style.textContent !== css) style.textContent = css;
  if (!style.isConnected) document.head.append(style);
}

/** @typedef {{initialize: (context: any) => any, render: (context: any) => any}} Widget */

/**
 * Give the panels' module, which all panels of a page share.
 * @returns {Promise<() => Widget>}
 */
async function loaded() {
  const { esm, css } = await unpacked();
  const url = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
  const { default: make } = await import(url);
  URL.revokeObjectURL(url);
  return () => {
    dress(css);
    return make();
  };
}

/**
 * Make the widget of one model.
 *
 * anywidget gives it two seconds, and after that never passes a message on: so it is there at
 * once, and what it needs may come later, on a page that is busy. Messages are kept until then.
 * @returns {import("@anywidget/types").AnyWidget}
 */
export default () => {
  const page = /** @type {{oqcPanels?: Map<string, Promise<() => Widget>>}} */ (globalThis);
  const known = (page.oqcPanels ??= new Map());
  const panels = known.get(PACKED) ?? loaded();
  known.set(PACKED, panels);
  panels.catch(() => known.delete(PACKED));
  /** @type {Promise<Widget>} */
  let widget;
  return {
    initialize({ model }) {
      /** @type {object[]} */
      const early = [];
      const keep = (/** @type {object} */ message) => early.push(message);
      model.on("msg:custom", keep);
      widget = panels.then((/** @type {() => Widget} */ make) => {
        const made = make();
        model.off("msg:custom", keep);
        made.initialize({ model, early });
        return made;
      });
      widget.catch(() => {}); // who renders it is told
    },
    async render(context) {
      return (await widget).render(context);
    },
  };
};
