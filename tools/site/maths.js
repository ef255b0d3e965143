// Formulas in, HTML out: reads a JSON list of {tex, display} from stdin, writes a JSON list of strings.
const katex = require("./katex/katex.min.js");
const items = JSON.parse(require("fs").readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(items.map(({ tex, display }) => {
  try { return katex.renderToString(tex, { displayMode: display, throwOnError: true, strict: "ignore" }); }
  catch (e) { return "ERROR " + e.message; }
})));
