"""Notebook and module in step, outputs clean and fresh, imports only downward, README fresh, contract names present."""
import ast, json, re, subprocess, sys
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
    for p in run_notebooks.notebooks():
        for c in json.loads(p.read_text())["cells"]:
            if any("image/png" in o.get("data", {}) or "image/gif" in o.get("data", {}) for o in c.get("outputs", [])):
                src = "".join(c["source"])
                assert "fig-alt" in src and "fig-cap" in src, f"{p.name}: a figure without caption or alt text: {src[:80]}"


def modules(root):
    "Module name -> chapter number, as text: 17 < 17a < 18"
    out = {}
    for p in run_notebooks.notebooks():
        m = re.search(r"default_exp (\w+)", p.read_text())
        if m: out[m.group(1)] = p.name.split("_")[0]
    return out


def imports(path):
    "Names of score_nb modules that a file imports, at any depth; a star import is an error"
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import): found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("score_nb.")}
        if not isinstance(node, ast.ImportFrom): continue
        parts = ["score_nb"] * node.level + (node.module or "").split(".") if node.level else (node.module or "").split(".")
        parts = [q for q in parts if q]
        if parts[:1] != ["score_nb"]: continue
        assert node.level <= 1 and all(a.name != "*" for a in node.names), f"{path.name}: star import"
        found |= {parts[1]} if len(parts) > 1 else {a.name for a in node.names}
    return found


def test_imports_point_down(root):
    number = modules(root)
    assert {p.stem for p in (root / "score_nb").glob("*.py")} - {"__init__", "_modidx"} == set(number), "every module has a chapter"
    for name, n in number.items():
        up = [m for m in imports(root / "score_nb" / f"{name}.py") if number[m] >= n]
        assert not up, f"{name} (chapter {n}) imports upward: {up}"


def test_names_are_exported_once(root):
    "No two modules export the same name, so that a name means one thing in the whole book"
    owner = {}
    for name in modules(root):
        for n in __import__(f"score_nb.{name}", fromlist=["x"]).__all__:
            assert n not in owner, f"{n} is exported by {owner[n]} and {name}"
            owner[n] = name


def test_only_viz_imports_matplotlib(root):
    for p in (root / "score_nb").glob("*.py"):
        if p.stem != "viz": assert not re.search(r"^\s*(import|from) matplotlib", p.read_text(), re.M), f"{p.name} imports matplotlib"


def test_readme_fresh(root, tmp_path):
    build_docs.readme(tmp_path)
    assert (tmp_path / "README.md").read_text() == (root / "README.md").read_text(), "run `make nbs`"
    for p in (tmp_path / "index_files").glob("*"): assert p.read_bytes() == (root / "index_files" / p.name).read_bytes(), "run `make nbs`"


CONTRACT = {
    "densities": "Gaussian GaussianMixture Energy", "matching": "explicit_loss implicit_loss sliced_loss denoising_loss fisher_divergence",
    "langevin": "langevin mala hmc", "ncsn": "geometric_sigmas suggest_sigmas annealed_langevin", "reverse": "sample trajectory euler_maruyama reverse_diffusion ancestral runge_kutta adaptive", "correctors": "langevin_corrector annealed_corrector hmc_corrector",
    "sde": "VE VP SubVP Affine", "objectives": "dsm_loss", "flow": "ode_sample encode decode slerp", "fast": "fast_sample", "likelihood": "log_likelihood bits_per_dim",
    "guidance": "classifier_guided classifier_free", "operators": "LinearOperator Inpaint Grayscale Downsample Blur Matrix", "inverse": "LinearOperator Inpaint Grayscale Downsample Blur Matrix posterior_sample posterior_score", "medical": "Radon FourierMask", "nets": "ScoreModel UNet MLP", "training": "fit", "hub": "load_pretrained", "core": "count_nfe assert_mc Score",
}

@pytest.mark.parametrize("module", CONTRACT)
def test_contract_names(module):
    mod = __import__(f"score_nb.{module}", fromlist=["x"])
    missing = [n for n in CONTRACT[module].split() if not hasattr(mod, n)]
    assert not missing, f"{module} lacks {missing}"


def test_top_level_names():
    import score_nb
    for module, names in CONTRACT.items():
        assert getattr(score_nb, module).__name__ == f"score_nb.{module}", f"a function hides the module {module}"
        for n in set(names.split()) - {module}: assert hasattr(score_nb, n), f"score_nb.{n}"


def test_weights_are_small(root):
    size = sum(p.stat().st_size for p in (root / "score_nb" / "weights").rglob("*") if p.is_file())
    assert 0 < size < 40e6
