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

export default async () => {
  const { esm, css } = await unpacked();
  dress(css);
  const url = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
  const panels = await import(url);
  URL.revokeObjectURL(url);
  return panels.default();
};
