// What the style sheet cannot do: formulas that nearly fit a phone, and a page as it is printed.
(() => {
  // A displayed formula is made up to a quarter smaller where it then fits; what does not fit keeps its size and scrolls
  const fit = () => document.querySelectorAll(".katex-display").forEach((box) => {
    const tex = box.querySelector(":scope > .katex");
    if (!tex || !box.clientWidth) return;
    tex.style.fontSize = "";
    if (box.scrollWidth <= box.clientWidth || !matchMedia("(max-width: 600px)").matches) return;
    const size = parseFloat(getComputedStyle(tex).fontSize);
    tex.style.fontSize = `${Math.max(.75, .985 * box.clientWidth / box.scrollWidth) * size}px`;
    if (box.scrollWidth > box.clientWidth) tex.style.fontSize = "";
  });
  document.fonts.ready.then(fit);
  addEventListener("resize", fit);
  document.addEventListener("toggle", (e) => { if (e.target.open) fit(); }, true);

  // Paper is white and cannot be clicked: light colours, and derivations and solutions open. Folded code and tests stay folded
  let undo = [];
  const set = (object, key, value) => { const old = object[key]; undo.push(() => { object[key] = old; }); object[key] = value; };
  addEventListener("beforeprint", () => {
    document.querySelectorAll("details:not(.code-fold)").forEach((d) => set(d, "open", true));
    document.querySelectorAll("link.quarto-color-scheme").forEach((l) => set(l, "media", l.dataset.mode === "dark" ? "not all" : "all"));
    set(document.documentElement, "className", document.documentElement.className.replace("quarto-dark", ""));
    document.querySelectorAll("main img").forEach((i) => { i.loading = "eager"; });
  });
  addEventListener("afterprint", () => { undo.reverse().forEach((f) => f()); undo = []; });
})();
