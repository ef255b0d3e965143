"""Notebook and module in step, outputs clean and fresh, imports only downward, README fresh, contract names present."""
import ast, importlib, json, re, subprocess, sys
from pathlib import Path
import pytest
import build_docs, run_notebooks


def tree(folder): return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file() and p.suffix in (".py", ".ipynb") and not any(q.startswith((".", "__py")) for q in p.relative_to(folder).parts)}

def run(name, cwd):
    r = subprocess.run([str(Path(sys.executable).parent / name)], cwd=cwd, capture_output=True, text=True)
    assert r.returncode == 0, r.stderr


def test_modules_match_notebooks(root, repo_copy):
    run("nbdev_export", repo_copy)
    assert tree(repo_copy / "score_nb") == tree(root / "score_nb"), "run `make nbs`"


def test_notebooks_clean(root, repo_copy):
    run("nbdev_clean", repo_copy)
    assert tree(repo_copy / "nbs") == tree(root / "nbs"), "run nbdev_clean"


def test_outputs():
    for p in run_notebooks.notebooks():
        for c in json.loads(p.read_text())["cells"]:
            for o in c.get("outputs", []):
                assert o["output_type"] != "error", f"{p.name}: a cell ends in an error"
                assert o.get("name") != "stderr", f"{p.name}: a cell wrote to stderr"
                assert not any("widget" in mime for mime in o.get("data", {})), f"{p.name}: a stored widget"
    assert not run_notebooks.stale(), f"outputs are stale, run `make nbs`: {[p.name for p in run_notebooks.stale()]}"


def test_figures_described():
    "A figure has its words, and words have a stored figure: another backend of matplotlib loses it"
    for p in run_notebooks.notebooks():
        for c in json.loads(p.read_text())["cells"]:
            src, kinds = "".join(c["source"]), {k for o in c.get("outputs", []) for k in o.get("data", {}) if "nb-caption" not in "".join(o["data"].get("text/html", ""))}
            if kinds & {"image/png", "image/gif"}: assert "fig-alt" in src and "fig-cap" in src, f"{p.name}: a figure without caption or alt text: {src[:80]}"
            if c["cell_type"] == "code" and "#| fig-cap" in src: assert kinds & {"image/png", "image/gif", "text/html"}, f"{p.name}: no figure is stored: {src[:80]}"


def modules(root):
    "Module name -> its place in the sidebar, for every notebook that exports one"
    order = re.findall(r"[\w/]+\.ipynb", (root / "_quarto.yml").read_text())
    out = {}
    for p in run_notebooks.notebooks():
        m = re.search(r"default_exp ([\w.]+)", p.read_text())
        if m: out[m.group(1)] = order.index(p.relative_to(root / "nbs").as_posix())
    return out


def path_of(root, name): return root / "score_nb" / f"{name.replace('.', '/')}.py"


def imports(path, root):
    "Names of score_nb modules that a file imports, at any depth of its code; a star import is an error"
    found, package = set(), path.relative_to(root).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import): found |= {a.name.split(".", 1)[1] for a in node.names if a.name.startswith("score_nb.")}
        if not isinstance(node, ast.ImportFrom): continue
        base = package[:len(package) - node.level + 1] if node.level else ()
        parts = [*base, *(node.module or "").split(".")]
        parts = [q for q in parts if q]
        if parts[:1] != ["score_nb"]: continue
        assert all(a.name != "*" for a in node.names), f"{path.name}: star import"
        for a in node.names:
            deep = root.joinpath(*parts, f"{a.name}.py")
            found.add(".".join([*parts[1:], a.name] if deep.exists() else parts[1:]))
    return found - {""}


def test_import_graph(root):
    "Chapters import earlier chapters and numerics; numerics import core and each other; no circle"
    place = modules(root)
    files = {".".join(p.relative_to(root / "score_nb").with_suffix("").parts) for p in (root / "score_nb").rglob("*.py")}
    assert {f for f in files if not f.split(".")[-1].startswith("_")} == set(place), "every module has a notebook"
    graph = {name: imports(path_of(root, name), root) for name in place}
    for name, found in graph.items():
        assert found <= set(place), f"{name} imports what is no module: {found - set(place)}"
        up = [m for m in found if not m.startswith("numerics.") and place[m] >= place[name]]
        if name.startswith("numerics."): up = [m for m in found if not m.startswith("numerics.") and m != "core"]
        assert not up, f"{name} may not import {up}"
    done, todo = set(), dict(graph)
    while todo:
        ready = {n for n, found in todo.items() if found <= done}
        assert ready, f"a circle among {sorted(todo)}"
        done |= ready
        for n in ready: del todo[n]


def test_rooms_are_small(root):
    "Modules of 300 lines, functions of 40 at most"
    for name in modules(root):
        text = path_of(root, name).read_text()
        assert len(text.splitlines()) <= 300, f"{name}: {len(text.splitlines())} lines"
        for f in ast.walk(ast.parse(text)):
            if isinstance(f, ast.FunctionDef): assert f.end_lineno - f.lineno < 40, f"{name}.{f.name}: {f.end_lineno - f.lineno + 1} lines"


def test_chapter_numbers(root):
    "00, 01, ... without holes or letters"
    numbers = sorted(p.name.split("_")[0] for p in (root / "nbs").glob("[0-9]*.ipynb"))
    assert numbers == [f"{k:02}" for k in range(len(numbers))]


def public(module): return importlib.import_module(f"score_nb.{module}").__all__


def test_names_are_exported_once(root):
    "No two modules export the same name, so that a name means one thing in the whole book"
    owner = {}
    for name in modules(root):
        for n in public(name):
            assert n not in owner, f"{n} is exported by {owner[n]} and {name}"
            owner[n] = name


def test_only_viz_imports_matplotlib(root):
    for p in (root / "score_nb").rglob("*.py"):
        if p.stem not in ("viz", "figures"): assert not re.search(r"^\s*(import|from) matplotlib", p.read_text(), re.M), f"{p.name} imports matplotlib"


def test_readme_fresh(root, tmp_path):
    build_docs.readme(tmp_path)
    assert (tmp_path / "README.md").read_text() == (root / "README.md").read_text(), "run `make nbs`"
    for p in (tmp_path / "index_files").glob("*"): assert p.read_bytes() == (root / "index_files" / p.name).read_bytes(), "run `make nbs`"


CONTRACT = {
    "core": "Score count_nfe seeded given assert_mc", "densities": "Gaussian GaussianMixture Energy", "noise": "SDE dsm_loss loss_by_level",
    "matching": "explicit_loss implicit_loss sliced_loss denoising_loss fisher_divergence", "langevin": "langevin", "numerics.mcmc": "mala hmc",
    "ncsn": "Ladder geometric_sigmas suggest_sigmas annealed_langevin", "sde": "VE VP SubVP Affine Cosine Linear Discrete",
    "reverse": "sample trajectory adaptive_sample EulerMaruyama ReverseDiffusion Ancestral RungeKutta", "correctors": "LangevinCorrector AnnealedCorrector HMCCorrector",
    "flow": "ode_sample encode decode slerp", "fast": "fast_sample multistep DDIM Heun", "likelihood": "log_likelihood bits_per_dim", "guidance": "classifier_guided classifier_free",
    "operators": "Operator LinearOperator Inpaint Grayscale Downsample Blur Matrix", "inverse": "posterior_sample posterior_score Replacement PiGDM DPS MMPS Twisted",
    "medical": "Radon FourierMask", "nets": "ScoreModel UNet MLP", "training": "fit", "hub": "load_pretrained pretrained_names", "images": "digits load_images", "viz": "show_images",
}

@pytest.mark.parametrize("module", CONTRACT)
def test_contract_names(module):
    "The names on which users' code relies are public, in their chapter and at the top"
    import score_nb
    names = set(CONTRACT[module].split())
    assert names <= set(public(module)), f"{module} lacks {names - set(public(module))}"
    for n in names - {module}: assert hasattr(score_nb, n), f"score_nb.{n}"
    if "." not in module: assert getattr(score_nb, module).__name__ == f"score_nb.{module}", f"a function hides the module {module}"


def test_public_names_are_few(root):
    "About 120; what a user does not call is `exporti`"
    names = {n for m in modules(root) for n in public(m)}
    assert len(names) <= 130, len(names)


def test_weights_are_small(root):
    size = sum(p.stat().st_size for p in (root / "score_nb" / "weights").rglob("*") if p.is_file())
    assert 0 < size < 40e6


def chapters(root): return sorted((root / "nbs").glob("[0-9]*.ipynb")) + sorted((root / "nbs" / "tutorials").glob("*.ipynb"))

def opened(cell): return re.sub(r"<details>.*?</details>", "", "".join(cell["source"]), flags=re.S)

TALK = re.compile(r"\bturns? (?:it|them|this|that|both|the \w+(?: \w+)?) red\b|\b[Rr]ed (?:if|with|without)\b|\b(?:is|are|goes|stays?) red\b|\bthe assertion\b|\bplanted\b")

def test_the_story_is_open(root):
    "A chapter reads in 3,500 words, begins with a picture, and what a test catches is said in the test"
    faults = []
    for p in chapters(root):
        cells = json.loads(p.read_text())["cells"]
        texts = [opened(c) for c in cells if c["cell_type"] == "markdown"]
        words = sum(len(t.split()) for t in texts)
        if words > 3500: faults.append(f"{p.name}: {words} words open")
        faults += [f"{p.name}: test talk: {m[0]!r}" for t in texts for m in [TALK.search(t)] if m]
        for c in cells:
            src = "".join(c["source"])
            checks = len(re.findall(r"^\s*(?:assert\b|with expect_fail|assert_\w+\(|test_\w+\()", src, re.M))
            if c["cell_type"] == "code" and checks > 2 and not re.search(r"^#\|\s*(code-fold: true|echo: false|hide|export)", src, re.M): faults.append(f"{p.name}: {checks} checks in an open cell: {src[:60]!r}")
    assert not faults, "\n".join(faults)


def test_lab_folds_what_the_site_folds(root):
    for p in run_notebooks.notebooks():
        for c in json.loads(p.read_text())["cells"]:
            src = "".join(c["source"])
            if c["cell_type"] != "code": continue
            folded = bool(re.search(r"^#\|\s*(code-fold: true|echo: false)", src, re.M))
            assert bool(c["metadata"].get("jupyter", {}).get("source_hidden")) == folded, f"{p.name}: run tools/run_notebooks.py --dress: {src[:60]!r}"


def test_directives_come_first(root):
    "nbdev reads the `#|` lines at the top of a cell only: one after a comment is a comment, and a slow cell runs in every test"
    for p in run_notebooks.notebooks():
        for c in json.loads(p.read_text())["cells"]:
            body = re.sub(r"\A(?:#\|.*\n?)*", "", "".join(c["source"]))
            if c["cell_type"] == "code": assert not re.search(r"^#\| ", body, re.M), f"{p.name}: a directive below code or a comment: {body[:80]!r}"


def test_notebooks_are_light(root):
    for p in run_notebooks.notebooks(): assert p.stat().st_size <= 2e6, f"{p.name}: {p.stat().st_size / 1e6:.2f} MB"
