from .engine import M, call, g, model, points, score, vp

import torch
X = lambda: points().float()
def net(): torch.manual_seed(0); return M.nets.MLP(2, 8, 1, out_dim=3)
def classifier(): return M.guidance.NoisyClassifier(net(), vp()).eval()
def log_p(x, t): return -x.square().sum(1) * (1 - t)
def at(f): return lambda x, t, **k: f(**k)(x, t)
PLAIN = {f"{a}: {k}": "any" for a in ("score", "conditional", "unconditional") for k in ("returns nan", "returns one nan", "returns inf")} | {"x: nan": "any", "x: inf": "any", "x: -inf": "any"}
SPEC = [
    call("classifier_guided", lambda: dict(score=score(), log_prob_y=log_p, scale=2., interval=None, x=points(), t=.5), run=at(lambda **k: M.guidance.classifier_guided(**k)), allow=PLAIN),
    call("classifier_guided/interval", lambda: dict(score=score(), log_prob_y=log_p, scale=2., interval=(.2, .8), x=points(), t=.5), run=at(lambda **k: M.guidance.classifier_guided(**k)), allow=PLAIN),
    call("classifier_free", lambda: dict(conditional=score(), unconditional=score(), scale=2., interval=(.2, .8), x=points(), t=.5), run=at(lambda **k: M.guidance.classifier_free(**k)), allow=PLAIN),
    call("class_guided", lambda: dict(model=model(3), y=1, scale=2., interval=None, x=X(), t=.5), run=at(lambda **k: M.guidance.class_guided(**k)), model="wrong", y="labels", allow=PLAIN | {"model: a function": "any", "model: *": "error"}),
    call("NoisyClassifier", lambda: dict(net=net(), sde=vp(), data_std=1.), then=lambda c: c.eval()(X(), .5), net="wrong"),
    call("NoisyClassifier.__call__", lambda: dict(x=X(), t=.5), run=lambda x, t: classifier()(x, t)),
    call("classifier_loss", lambda: dict(classifier=classifier(), sde=vp(), x0=X(), y=torch.tensor([0, 1, 2]), generator=g()), y="labels"),
    call("class_log_prob", lambda: dict(classifier=classifier(), y=1, x=X(), t=torch.full((3,), .5)), run=at(lambda **k: M.guidance.class_log_prob(**k)), y="labels"),
]
