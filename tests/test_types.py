"""What an editor sees: stubs and docstrings as fresh as the modules, every parameter explained, users' code without a type error."""
import ast, inspect, json, re, shutil, subprocess, sys
from pathlib import Path
import pytest
import build_stubs
from contract import engine


def test_stubs_fresh(root, tmp_path):
    made = {p.relative_to(tmp_path) for p in build_stubs.build(root / "score_nb", tmp_path)}
    have = {p.relative_to(root / "score_nb") for p in (root / "score_nb").rglob("*.pyi")}
    assert have == {p for p in made if p.suffix == ".pyi"}, "run `make nbs`"
    for p in made: assert (root / "score_nb" / p).read_text() == (tmp_path / p).read_text(), f"{p} is stale: run `make nbs`"


def test_docstrings_explain_every_parameter():
    "At run time, as `help()` shows them"
    poor = []
    for name, thing in engine.public().items():
        f = getattr(thing, "__func__", thing)
        if not callable(f) or name == "Score" or f.__module__ == "score_nb.cli": continue # these are commands, with --help
        doc = inspect.getdoc(f) or ""
        try: params = [p for p in inspect.signature(f, eval_str=True).parameters.values() if p.name not in ("self", "cls")]
        except (TypeError, ValueError): continue
        if isinstance(f, type) and issubclass(f, tuple): continue
        for p in params:
            star = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
            if not re.search(rf"^{re.escape(star + p.name)}( : .*)?\n    \S", doc, re.M): poor.append(f"{name}({p.name})")
        if not doc: poor.append(name)
    assert not poor, "without a word in help(); each parameter needs a comment behind it"


def test_help_of_fit_is_whole():
    import score_nb
    doc = score_nb.fit.__doc__
    assert "Parameters\n----------\nmodel : " in doc and "batch_size : int, default 64\n    " in doc and "Returns" in doc
    assert score_nb.VP.__doc__.count("beta_max") and "Parameters" in score_nb.ScoreModel.denoise.__doc__


def checker():
    exe = Path(sys.executable).parent / "basedpyright"
    return str(exe) if exe.exists() else shutil.which("basedpyright") or pytest.skip("basedpyright is not installed; it stands in [dev]")


def diagnose(files, root, tmp_path):
    "Errors that the type checker finds with stubs alone in view"
    for p in (root / "score_nb").rglob("*.pyi"):
        to = tmp_path / "site" / p.relative_to(root)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(p.read_text())
    (tmp_path / "site" / "score_nb" / "py.typed").write_text("")
    for p in files: shutil.copy(p, tmp_path)
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "basic", "extraPaths": ["site"], "exclude": ["site"], "reportUnusedExpression": false, "reportUnusedCallResult": false, "reportMissingModuleSource": false}')
    r = subprocess.run([checker(), "--pythonpath", sys.executable, "--project", str(tmp_path)], capture_output=True, text=True, cwd=tmp_path)
    assert "error" in r.stdout, r.stdout + r.stderr # it speaks of 0 errors
    return r.stdout


def test_users_code(root, tmp_path):
    out = diagnose((root / "tests" / "users").glob("*.py"), root, tmp_path)
    assert "\n0 errors" in "\n" + out, out


def test_types_are_known(root, tmp_path):
    "Not merely no error: the types are there, and what is wrong is seen"
    (tmp_path / "known.py").write_text("""import score_nb as nb
model = nb.load_pretrained("mnist")
reveal_type(model)
reveal_type(model.sample(8))
reveal_type(model.denoise(model.sample(8), .5))
reveal_type(nb.VP().perturb(model.sample(8), .5))
reveal_type(nb.VP().alpha(.5))
reveal_type(model(model.sample(8), .5))
nb.fast_sample(model, model.sde, (8, 2), n_evils=3)
""")
    out = diagnose([], root, tmp_path)
    kinds = re.findall(r'is "(.*)"', out)
    assert kinds == ["ScoreModel", "Tensor", "Tensor", "tuple[Tensor, Tensor]", "Tensor", "Tensor"], out
    assert "n_evils" in out and "\n1 error" in out, out


def test_users_code_runs(root, tmp_path):
    "The snippets that need no training and no files"
    for name in ("processes", "problems"):
        r = subprocess.run([sys.executable, str(root / "tests" / "users" / f"{name}.py")], capture_output=True, text=True, cwd=tmp_path)
        assert r.returncode == 0, r.stderr


def unused(text):
    "Names that a file imports and never uses"
    tree = ast.parse(text)
    names = {a.asname or a.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, (ast.Import, ast.ImportFrom)) for a in n.names}
    used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    for n in ast.walk(tree): # annotations in quotes, __all__
        if isinstance(n, ast.Constant) and isinstance(n.value, str) and len(n.value) < 40: used |= set(re.findall(r"\w+", n.value))
    return sorted(names - used)

def cells(path):
    "The code of a notebook, without magics and shell lines"
    code = ["".join(c["source"]) for c in json.loads(path.read_text())["cells"] if c["cell_type"] == "code"]
    return "\n".join(re.sub(r"^\s*[%!].*$", "", c, flags=re.M) for c in code)

def test_no_unused_imports(root):
    "In modules, notebooks, tests and tools"
    lost = {}
    for p in [q for d in ("score_nb", "tests", "tools", "nbs") for q in sorted((root / d).rglob("*")) if q.suffix in (".py", ".ipynb") and ".ipynb_checkpoints" not in q.parts]:
        if p.name in ("__init__.py", "_modidx.py"): continue
        names = unused(p.read_text() if p.suffix == ".py" else cells(p))
        if names and "import *" not in p.read_text(): lost[str(p.relative_to(root))] = names
    assert not lost
