"""The website builds and none of its internal links is broken."""
import base64, importlib, io, re
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
             "sub/a.html": '<a href="https://x.io/p/flow.html#encode">e</a>', "numerics/steps.html": '<a href="https://x.io/p/numerics/steps.html">s</a>',
             "a.html": '<a href="https://x.io/p/flow.html#encode">e</a><a href="https://x.io/p/flow.html#_h">h</a><a href="https://x.io/p/other.html">o</a>'
                       '<pre># see [`encode`](https://x.io/p/flow.html#encode)</pre><a href="../b.ipynb#c">b</a><figcaption>cost $5$ at $t$</figcaption><p>$5</p>'}
    dress.links(texts, "https://x.io/p/")
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


def test_pictures_leave_the_page_and_get_a_still(tmp_path):
    red, blue = Image.new("RGB", (40, 20), "red"), Image.new("RGB", (40, 20), "blue")
    def text(ims):
        out = io.BytesIO(); ims[0].save(out, "WEBP", save_all=True, append_images=ims[1:], duration=100, lossless=True)
        return f'<img src="data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}" alt="x">'
    texts = {"n/a.html": text([red]) + text([red, blue])}
    dress.pictures(texts, tmp_path)
    files = sorted(p.name for p in (tmp_path / "figures").iterdir())
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
