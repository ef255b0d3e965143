from .engine import M, call, model, points

import tempfile
X = lambda: points().float()
def saved():
    d = tempfile.mkdtemp()
    model().save_pretrained(d)
    return d
SPEC = [
    call("load_pretrained", lambda: dict(name_or_dir=saved()), then=lambda m: m(X(), .5), name_or_dir="path", alias=("name",), allow={"name_or_dir: None": "error", "name_or_dir: empty": "error"}),
    call("pretrained_names", then=len),
    call("ScoreModel.save_pretrained", lambda: dict(path=tempfile.mkdtemp()), run=lambda **k: M.hub.load_pretrained(str((model().save_pretrained(**k), k["path"])[1]))(X(), .5), path="path", info="anything", card="text"),
    call("ScoreModel.from_pretrained", lambda: dict(name_or_dir=saved()), run=lambda **k: M.nets.ScoreModel.from_pretrained(**k)(X(), .5), name_or_dir="path", alias=("name",)),
    call("ScoreModel.push_to_hub", run=lambda: 0, skip=("*",)), # needs a network
]
