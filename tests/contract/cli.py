from .engine import F, M, call, model, pictures, vp

from unittest import mock
import tempfile, torch
def saved():
    "A small model of points"
    d = tempfile.mkdtemp()
    model().save_pretrained(d, info={"shape": [2]})
    return d
def saved_pictures(size):
    "A small model of pictures, not trained"
    torch.manual_seed(0)
    d = tempfile.mkdtemp()
    M.nets.ScoreModel(M.nets.UNet(1, channels=(8,), attention=()), vp()).save_pretrained(d, info={"shape": [1, size, size]})
    return d
def picture():
    d = tempfile.mkdtemp() + "/a.png"
    M.viz.save_figure(M.viz.show_images(pictures(1, 1, 8, dtype=F)), d, dpi=20)
    return d
def demo(**k):
    "Without the work"
    done = lambda *a, **k: []
    with mock.patch.multiple("score_nb.cli", demo_samples=done, demo_inpaint=done, demo_bits=done): return len(M.cli.demo(**k))
LOOSE = {"progress: *": "any", "out: bytes": "error", "out: Path": "any"}
SPEC = [
    call("draw", lambda: dict(out=tempfile.mkdtemp() + "/x.pt", model=saved(), n=2, n_evals=4, progress=False), model="path", allow=LOOSE, alias=("name_or_dir",)),
    call("restore", lambda: dict(image=picture(), task="superres", out=tempfile.mkdtemp() + "/out", simulate=True, model=saved_pictures(8), method="pigdm", n=1, n_steps=2, progress=False), image="path", task="choice", model="path", mask="path", blur="positive", simulate="flag",
         skip=("mask", "blur"), # of other tasks
         allow=LOOSE, alias=("name_or_dir",)),
    call("demo", lambda: dict(out=tempfile.mkdtemp() + "/out", model=saved_pictures(28), n=1, n_steps=2, n_bits=1, progress=False), run=demo, model="path", n_bits="count", needs="mlxtend", allow=LOOSE, alias=("name_or_dir",)),
    call("main", run=lambda: 0, skip=("*",)), # tests/test_cli.py
]
