// Formulas in, HTML out: reads a JSON list of {tex, display} from stdin, writes a JSON list of strings.
const katex = require("./katex/katex.min.js");
const items = JSON.parse(require("fs").readFileSync(0, "utf8"));
const render = (tex, displayMode) => katex.renderToString(tex, { displayMode, throwOnError: true, strict: "ignore" });

// A displayed formula is cut behind each \quad and \qquad of its outermost level: on a narrow page a part may stand on a line of its own
function parts(tex) {
  const out = [""];
  let depth = 0;
  for (const [word] of tex.matchAll(/\\[a-zA-Z]+|\\?[\s\S]/g)) {
    if (word === "{" || word === "\\left" || word === "\\begin") depth++;
    if (word === "}" || word === "\\right" || word === "\\end") depth--;
    out[out.length - 1] += word;
    if (depth === 0 && /^\\q?quad$/.test(word)) out.push("");
  }
  return out.map((p) => p.trim()).filter(Boolean);
}

const BOX = '<span class="katex-html" aria-hidden="true">', TAG = '<span class="tag">';
const inside = (html) => html.slice(html.indexOf(BOX) + BOX.length, html.endsWith("</span></span></span>") ? -21 : undefined);

function display(tex) {
  const whole = render(tex, true), bare = parts(tex.replace(/\\tag\{[^{}]*\}/, ""));
  if (bare.length < 2) return whole;
  const html = inside(whole), tag = html.includes(TAG) ? html.slice(html.indexOf(TAG)) : "";
  const cut = bare.map((p) => `<span class="part">${inside(render(p, true))}</span>`).join("");
  return whole.slice(0, whole.indexOf(BOX) + BOX.length) + cut + tag + "</span></span></span>";
}

process.stdout.write(JSON.stringify(items.map(({ tex, display: shown }) => {
  try { return shown ? display(tex) : render(tex, false); }
  catch (e) { return "ERROR " + e.message; }
})));
