from .engine import M, D, call, g, points, score, vp
from .reverse import step, times

def start(**k): return dict(score=score(), sde=vp(), shape=(3, 2), n_evals=5, generator=g(), dtype=D, **k)
def used(p): return p(score(), vp(), points(), times(points(), .5), times(points(), .4), generator=g())
NAN = {f"score: {k}": "any" for k in ("returns nan", "returns one nan", "returns inf")}
FROM = dict(shape="anything", allow={"shape: *": "any"})
SPEC = [
    call("fast_sample", start),
    call("fast_sample/eta", lambda: start(eta=.5, order=2)),
    call("fast_sample/limit", lambda: start(limit=lambda x: x.clamp(-2, 2))),
    call("fast_sample/from .5", lambda: dict(score=score(), sde=vp(), shape=None, x=points(), t=.5, n_evals=5), **FROM),
    call("multistep", start),
    call("multistep/from .5", lambda: dict(score=score(), sde=vp(), shape=None, x=points(), t=.5, n_evals=5), **FROM),
    call("DDIM", lambda: dict(eta=.5), then=used),
    call("Heun", then=used),
    call("DDIM.__call__", step, run=lambda **k: M.fast.DDIM(.5)(**k), allow=NAN),
    call("Heun.__call__", step, run=lambda **k: M.fast.Heun()(**k), allow=NAN),
    call("sample/DDIM", lambda: dict(score=score(), sde=vp(), shape=(3, 2), n_steps=2, generator=g(), dtype=D, predictor=M.fast.DDIM(.5)), run=lambda **k: M.reverse.sample(**k)),
    call("sample/Heun", lambda: dict(score=score(), sde=vp(), shape=(3, 2), n_steps=2, generator=g(), dtype=D, predictor=M.fast.Heun()), run=lambda **k: M.reverse.sample(**k)),
    call("clip", lambda: dict(lo=-1., hi=1.), then=lambda f: f(points()), lo="real", hi="real"),
    call("threshold", lambda: dict(q=.9), then=lambda f: f(points()), q="positive"),
]
