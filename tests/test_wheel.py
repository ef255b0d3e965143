"""The wheel carries the weights, installs into an empty environment and samples from there."""
import subprocess, sys, zipfile
import pytest

USE = """
import torch, score_nb
from score_nb import fast_sample, load_pretrained
assert "site-packages" in score_nb.__file__, score_nb.__file__
model = load_pretrained("mnist")
x = fast_sample(model, model.sde, (2, *model.info["shape"]), n_steps=8, generator=torch.Generator().manual_seed(0))
assert x.shape == (2, 1, 28, 28) and torch.isfinite(x).all() and -2 < x.min() < -0.9 and x.max() > 0.5
try: score_nb.digits()
except ImportError as e: assert "score_nb[data]" in str(e)
else: raise SystemExit("digits came from nowhere")
"""


def call(*cmd, **kw):
    r = subprocess.run([str(c) for c in cmd], capture_output=True, text=True, **kw)
    assert r.returncode == 0, r.stdout[-2000:] + r.stderr[-4000:]
    return r


def test_wheel(repo_copy, tmp_path, root):
    call(sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", tmp_path, ".", cwd=repo_copy)
    wheel, = tmp_path.glob("score_nb-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "score_nb/weights/mnist/model.safetensors" in names and "score_nb/weights/mnist/config.json" in names
    assert not [n for n in names if n.startswith(("tests", "tools", "nbs"))]
    call(sys.executable, "-m", "venv", tmp_path / "env")
    py = tmp_path / "env" / "bin" / "python"
    call(py, "-m", "pip", "install", "-q", "-c", root / "constraints.txt", wheel)
    call(py, "-m", "pip", "check")
    call(py, "-c", USE, cwd=tmp_path)
    call(tmp_path / "env" / "bin" / "score_nb", "sample", "--n", 2, "--out", tmp_path / "two.png", cwd=tmp_path)
    assert (tmp_path / "two.png").read_bytes()[:4] == b"\x89PNG"
