from .engine import M, call, model, points

import tempfile, torch
def fit(**k):
    "Without the bar"
    r = M.training.fit(k.pop("model"), k.pop("data"), **{"progress": False, **k})
    return r.losses
K = lambda **k: dict(model=model(), data=points(6).float(), n_steps=2, batch_size=3, **k)
def logged():
    folder = tempfile.mkdtemp()
    fit(**K(checkpoint_dir=folder))
    return folder + "/log.csv"
SPEC = [
    call("fit", K, run=fit, model="wrong", condition="labels", alias=("model",), ema="anything", clip="positive", checkpoint_dir="path", loss="function", eval="function",
         allow={"progress: *": "any", "loss: None": "ok", "transform: None": "ok", "evaluate: None": "ok", "compile: *": "skip", "checkpoint_dir: *": "any", "evaluate: returns a tuple": "any", "evaluate: returns a row too many": "any"}),
    call("fit/conditional", lambda: dict(model=model(3), data=points(6).float(), condition=torch.arange(6) % 3, n_steps=2, batch_size=3), run=fit, model="wrong", condition="labels", alias=("model",), skip=("loss", "transform", "compile", "checkpoint_dir", "evaluate")),
    call("Fit", run=lambda: 0, skip=("*",)), # what comes out, not in
    call("read_log", lambda: dict(path=logged()), path="path"),
]
