"""The website builds and none of its internal links is broken."""
import subprocess, sys
import build_docs


def test_site_builds(repo_copy):
    r = subprocess.run([sys.executable, "tools/build_docs.py"], cwd=repo_copy, capture_output=True, text=True, timeout=900)
    assert r.returncode == 0, r.stdout[-2000:] + r.stderr[-4000:]
    pages = {p.stem for p in (repo_copy / "_docs").rglob("*.html")}
    assert {p.stem for p in (repo_copy / "nbs").glob("*.ipynb")} <= pages
    text = (repo_copy / "_docs" / "11_sde.html").read_text()
    assert "score-nb.github.io/score_nb/" not in text.split("<main")[1]
    assert "perturb" in text and "<img" in text and ("\\(" in text or "math" in text)


def test_broken_links_are_seen(tmp_path):
    (tmp_path / "a.html").write_text('<a id="x" href="b.html">b</a><a href="a.html#x">ok</a><a href="a.html#y">no</a><a href="https://example.org">out</a>')
    assert build_docs.broken_links(tmp_path) == ["a.html: b.html", "a.html: a.html#y"]


def test_polish_below(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "15_flow.html").write_text('<h3 id="encode">encode</h3>')
    (tmp_path / "sub" / "a.html").write_text('<a href="https://x.io/p/flow.html#encode">e</a>')
    build_docs.polish(tmp_path, "https://x.io/p")
    assert (tmp_path / "sub" / "a.html").read_text() == '<a href="../15_flow.html#encode">e</a>'


def test_polish_above(tmp_path):
    (tmp_path / "numerics").mkdir()
    (tmp_path / "numerics" / "steps.html").write_text('<a href="https://x.io/p/numerics/steps.html">s</a>')
    (tmp_path / "13_reverse.html").write_text('<a href="https://x.io/p/numerics/steps.html#planned">p</a>')
    build_docs.polish(tmp_path, "https://x.io/p")
    assert (tmp_path / "13_reverse.html").read_text() == '<a href="numerics/steps.html">p</a>'
    assert (tmp_path / "numerics" / "steps.html").read_text() == '<a href="../numerics/steps.html">s</a>'


def test_polish(tmp_path):
    (tmp_path / "15_flow.html").write_text('<h3 id="encode">encode</h3>')
    (tmp_path / "a.html").write_text(
        '<a href="https://x.io/p/flow.html#encode">e</a><a href="https://x.io/p/flow.html#_h">h</a><a href="https://x.io/p/other.html">o</a>'
        '<pre># see [`encode`](https://x.io/p/flow.html#encode)</pre><figcaption>cost $5$ at $t$</figcaption><p>$5</p>')
    build_docs.polish(tmp_path, "https://x.io/p/")
    assert (tmp_path / "a.html").read_text() == (
        '<a href="15_flow.html#encode">e</a><a href="15_flow.html">h</a><a href="https://x.io/p/other.html">o</a>'
        '<pre># see <a href="15_flow.html#encode">encode</a></pre><figcaption>cost <span class="math inline">\\(5\\)</span> at '
        '<span class="math inline">\\(t\\)</span></figcaption><p>$5</p>')
