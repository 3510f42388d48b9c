"use strict";
// The page's only script: it hands out the files of the archive that the page holds, a zip file.
(() => {
  const archive = document.getElementById("oqc-archive");

  const bytesOf = () =>
    Uint8Array.from(atob(archive.textContent.trim()), (character) => character.charCodeAt(0));

  // Finds a file by the list at the end of the zip file, and inflates it.
  const file = async (bytes, wanted) => {
    const view = new DataView(bytes.buffer);
    const end = bytes.length - 22; // of a zip file without a comment
    let at = view.getUint32(end + 16, true);
    for (let left = view.getUint16(end + 10, true); left > 0; left -= 1) {
      const size = view.getUint32(at + 20, true);
      const [name, extra, comment] = [28, 30, 32].map((place) => view.getUint16(at + place, true));
      const head = view.getUint32(at + 42, true);
      if (new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + name)) === wanted) {
        const start =
          head + 30 + view.getUint16(head + 26, true) + view.getUint16(head + 28, true);
        const packed = new Blob([bytes.subarray(start, start + size)]);
        const inflated = packed.stream().pipeThrough(new DecompressionStream("deflate-raw"));
        return new Response(inflated).blob();
      }
      at += 46 + name + extra + comment;
    }
    throw new Error(`${wanted} is not in the archive`);
  };

  for (const button of document.querySelectorAll("button[data-file]")) {
    const { file: wanted, name } = button.dataset;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const bytes = bytesOf();
      const blob = wanted ? await file(bytes, wanted) : new Blob([bytes]);
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = name || wanted.split("/").pop();
      link.click();
      URL.revokeObjectURL(link.href);
    });
  }
})();
