"""The website builds and none of its internal links is broken."""
import base64, importlib, io, json, re
import pytest
from PIL import Image
import build_docs, dress


def test_site_builds(repo_copy, site):
    pages = {p.stem for p in site.rglob("*.html")}
    assert {p.stem for p in (repo_copy / "nbs").rglob("*.ipynb")} <= pages
    text = (site / "11_sde.html").read_text()
    assert "score-nb.github.io/score_nb/" not in text.split("<main")[1]
    assert "perturb" in text and "<img" in text and 'class="katex"' in text
    assert sum(p.stat().st_size for p in site.rglob("*") if p.is_file()) < 60e6 and (site / "search.json").stat().st_size < 600e3
    for p in site.rglob("*.html"): # without its pictures, which are files of their own
        assert p.stat().st_size < 2e6, f"{p.name}: {p.stat().st_size / 1e6:.1f} MB"
    assert (site / "index.html").stat().st_size < 500e3


def test_broken_links_are_seen(tmp_path):
    (tmp_path / "a.html").write_text('<a id="x" href="b.html">b</a><a href="a.html#x">ok</a><a href="a.html#y">no</a><a href="https://example.org">out</a>')
    assert build_docs.broken_links(tmp_path) == ["a.html: b.html", "a.html: a.html#y"]


def test_links_to_the_api():
    texts = {"15_flow.html": '<h3 id="encode">encode</h3>', "13_reverse.html": '<a href="https://x.io/p/numerics/steps.html#planned">p</a>',
             "in.html": '<td>[<a href="https://x.io/p/flow.html#encode"><code>encode</code></a>](../15_flow.ipynb#encode)</td>',
             "sub/a.html": '<a href="https://x.io/p/flow.html#encode">e</a>', "numerics/steps.html": '<a href="https://x.io/p/numerics/steps.html">s</a>',
             "a.html": '<a href="https://x.io/p/flow.html#encode">e</a><a href="https://x.io/p/flow.html#_h">h</a><a href="https://x.io/p/other.html">o</a>'
                       '<pre># see [`encode`](https://x.io/p/flow.html#encode)</pre><a href="../b.ipynb#c">b</a><figcaption>cost $5$ at $t$</figcaption><p>$5</p>'}
    dress.links(texts, "https://x.io/p/")
    assert texts["in.html"] == '<td><a href="15_flow.html#encode"><code>encode</code></a></td>'
    assert texts["sub/a.html"] == '<a href="../15_flow.html#encode">e</a>'
    assert texts["13_reverse.html"] == '<a href="numerics/steps.html">p</a>' and texts["numerics/steps.html"] == '<a href="../numerics/steps.html">s</a>'
    assert texts["a.html"] == (
        '<a href="15_flow.html#encode">e</a><a href="15_flow.html">h</a><a href="https://x.io/p/other.html">o</a>'
        '<pre># see <a href="15_flow.html#encode">encode</a></pre><a href="../b.html#c">b</a><figcaption>cost <span class="math inline">\\(5\\)</span> at '
        '<span class="math inline">\\(t\\)</span></figcaption><p>$5</p>')


def test_formulas_are_rendered_and_wrong_ones_named():
    head = '<head><link rel="stylesheet" href="https://cdn.jsdelivr.net/npm/katex@0.16.11/dist/katex.min.css"><script src="https://cdn.jsdelivr.net/npm/katex@0.16.11/dist/katex.min.js" defer></script></head>'
    texts = {"sub/a.html": head + r'<span class="math inline">\(a &lt; b\)</span><span class="math display">\[x^2\tag{1}\]</span>', "b.html": head + "<p>no formula</p>"}
    dress.maths(texts)
    assert "cdn" not in texts["sub/a.html"] + texts["b.html"] and "katex" not in texts["b.html"]
    assert texts["sub/a.html"].count('class="katex"') == 2 and 'href="../site_libs/katex/katex.min.css"' in texts["sub/a.html"] and "<annotation" in texts["sub/a.html"]
    with pytest.raises(SystemExit, match="c.html: .*frak"): dress.maths({"c.html": r'<span class="math inline">\(\frak{\)</span>'})


def test_wide_formulas_may_break_between_their_parts():
    show = lambda tex: rf'<head></head><span class="math display">\[{tex}\]</span>'
    texts = {"a.html": show(r"a=b,\qquad c=\left(d\quad e\right),\quad f=\frac{1\quad2}3\tag{2}"), "b.html": show(r"a=b\tag{1}"),
             "c.html": show(r"\begin{aligned}a&=1\quad b\\c&=2\end{aligned}")}
    dress.maths(texts)
    one = texts["a.html"]
    assert one.count('class="part"') == 3 and one.count('class="tag"') == 1 and one.count("<math") == 1 and one.count("<span") == one.count("</span")
    assert one.index('class="tag"') > one.rindex('class="part"')
    assert 'class="part"' not in texts["b.html"] + texts["c.html"]


def test_links_show_titles_and_not_names_of_files():
    page = lambda h, body: f'<header><h1 class="title">{h}</h1></header><main>{body}</main>'
    texts = {"20_inverse.html": page("20. Fill in &amp; more", '<p>In <a href="numerics/traces.html">numerics/traces</a> and <a href="20_inverse.html#a"><code>20_inverse</code></a></p>'),
             "numerics/traces.html": page("Traces", '<p><a href="../20_inverse.html">20_inverse</a> says. <a href="../20_inverse.html">20_inverse</a> and then <a href="../20_inverse.html#x">20_inverse</a> '
                                          '[<a href="../20_inverse.html">20</a>] <a href="traces.html">traces</a></p><pre>from 20_inverse import x</pre>'),
             "a.html": page("A", '<a href="20_inverse.html">inverse problems</a><a href="numerics/traces.html#steps"><code>steps</code></a><a href="https://x.io/20_inverse.html">20_inverse</a>')}
    before = dict(texts)
    known = dress.titles(texts)
    assert known == {"20_inverse.html": "20 Fill in & more", "numerics/traces.html": "Traces", "a.html": "A"}
    assert '>Traces</a> and <a href="20_inverse.html#a"><code>20_inverse' in texts["20_inverse.html"]
    two = texts["numerics/traces.html"]
    assert 'class="page-name">20 Fill in &amp; more</a> says. <a' in two and ">Chapter 20</a> and then" in two and ">chapter 20</a> [" in two
    assert 'title="20 Fill in &amp; more">20</a>]' in two and ">Traces</a></p>" in two and "from 20_inverse import x" in two
    assert texts["a.html"] == before["a.html"]


def test_no_page_shows_the_name_of_a_file_for_its_title(site):
    shown = {p.name: re.findall(r"<a [^>]*>((?:\d\d_|numerics/)\w+)</a>", p.read_text(encoding="utf-8")) for p in site.rglob("*.html")}
    assert not {n: v for n, v in shown.items() if v}
    index = " ".join(e["text"] for e in json.loads((site / "search.json").read_text(encoding="utf-8")))
    assert not re.findall(r"\b(?:[01]\d|2[0-3])_[a-z]{2,}\w*", index)


def test_no_page_shows_markdown(site):
    shown = {p.name: re.findall(r"\]\([^)\s<]+\.(?:ipynb|html)[^)]*\)", re.sub(r"<(pre|script|annotation)\b.*?</\1>", "", p.read_text(encoding="utf-8"), flags=re.S)) for p in site.rglob("*.html")}
    assert not {n: v for n, v in shown.items() if v}


def test_entries_stand_in_the_order_of_the_code(site):
    faults, n = [], 0
    for p in site.rglob("*.html"):
        found = [(m[1], int(m[2])) for m in re.finditer(r'blob/\w+/(score_nb/[\w/]+\.py)#L(\d+)"[^>]*>source<', p.read_text(encoding="utf-8"))]
        n += len(found)
        faults += [f"{p.name}: line {a[1]} before {b[1]}" for a, b in zip(found, found[1:]) if a[0] == b[0] and a[1] > b[1]]
    assert n > 100 and not faults, faults


def test_pages_of_numerics_begin_with_what_they_are(root):
    "Their first paragraph is long enough to say it, and the page links a chapter before its first code"
    for p in sorted((root / "nbs" / "numerics").glob("*.ipynb")):
        text = next("".join(c["source"]) for c in json.loads(p.read_text())["cells"][1:] if c["cell_type"] == "markdown")
        assert len(text.split("\n\n")[0].split()) >= 35 and re.search(r"\]\(\.\./\d\d_\w+\.ipynb\)", text), p.name


def test_printed_tables_and_the_outputs_of_tests():
    cell = lambda summary, out: (f'<details class="code-fold"><summary>{summary}</summary><pre>x</pre></details>\n<div class="cell-output cell-output-stdout">\n<pre><code>{out}</code></pre>\n</div>\n</div>')
    texts = {n: "<head></head>" + cell("Test: a", "a   b\n1   2") + cell("Code", "one line   only") for n in ("numerics/a.html", "b.html")}
    dress.tools(texts)
    assert texts["b.html"].count('<pre class="columns" tabindex="0">') == 1 and texts["b.html"].index("</details>") < texts["b.html"].index("a   b")
    folded = texts["numerics/a.html"]
    assert folded.index("a   b") < folded.index("</details>") and folded.rindex("</details>") < folded.index("one line") and folded.count("<div") == folded.count("</div") - 2


def test_pictures_leave_the_page_and_get_a_still(tmp_path):
    red, blue = Image.new("RGB", (40, 20), "red"), Image.new("RGB", (40, 20), "blue")
    def text(ims):
        out = io.BytesIO(); ims[0].save(out, "WEBP", save_all=True, append_images=ims[1:], duration=100, lossless=True)
        return f'<img src="data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}" alt="x">'
    texts = {"n/a.html": text([red]) + text([red, blue])}
    dress.pictures(texts, tmp_path)
    files = sorted(p.name for p in (tmp_path / "figures").iterdir())
    assert "full-size" not in texts["n/a.html"]
    wide = {"w.html": text([Image.new("RGB", (640, 20), "green")]), "s.html": '<div class="nb-slider">' + text([Image.new("RGB", (640, 20), "pink")])}
    (tmp_path / "n").mkdir()
    dress.pictures(wide, tmp_path / "n")
    assert re.search(r'<a class="full-size" href="figures/w-\w+\.webp"><img[^>]*></a>', wide["w.html"]) and "full-size" not in wide["s.html"]
    assert len(files) == 3 and all(f.startswith("n-a-") and f.endswith(".webp") for f in files)
    assert "data:" not in texts["n/a.html"] and texts["n/a.html"].count('width="40" height="20" loading="lazy"') == 2
    still = next(f for f in files if f.endswith("-still.webp"))
    assert Image.open(tmp_path / "figures" / still).convert("RGB").getpixel((5, 5))[0] > 200
    assert f'<source media="(prefers-reduced-motion: reduce), print" srcset="../figures/{still}">' in texts["n/a.html"]


def test_signatures_as_written(root):
    sig = lambda module, name: dress.signature(root / "score_nb" / f"{module}.py", name)
    assert sig("reverse", "sample").startswith("def sample(\n    score:Score,") and "\n    *,\n" in sig("reverse", "sample") and sig("reverse", "sample").endswith(")->Tensor: # Samples, shape (B, *D)")
    assert sig("noise", "SDE.prior_sample").startswith("def prior_sample(self:SDE,") and sig("noise", "SDE") == ""
    assert sig("sde", "VE").startswith("class VE:\n    sigma_min: float = 0.01") and sig("nets", "MLP").startswith("class MLP:\n    def __init__(self")
    assert sig("reverse", "nothing") is None


def test_public_names_page_is_complete(root):
    "The list of public names is what the modules export today"
    text = (root / "nbs" / "guide" / "api.ipynb").read_text()
    names = set()
    for p in (root / "nbs").rglob("*.ipynb"):
        m = re.search(r"default_exp ([\w.]+)", p.read_text())
        if m: names |= set(importlib.import_module(f"score_nb.{m[1]}").__all__)
    listed = set(re.findall(r"\[`(\w+)`\]", text))
    assert listed == names, f"run nbs/guide/api.ipynb again: {listed ^ names}"
