from .engine import M, D, call, g, points, score, vp

R = lambda name: getattr(M.reverse, name)
def start(**k): return dict(score=score(), sde=vp(), shape=(3, 2), n_steps=2, generator=g(), dtype=D, **k)
def step(**k): return dict(score=score(), sde=vp(), x=points(), t=times(points(), .5), s=times(points(), .4), generator=g(), **k)
def times(x, v):
    import torch
    return torch.full((len(x),), v, dtype=torch.float64)
STEPS = dict(ReverseDiffusion={}, EulerMaruyama={}, Ancestral={}, RungeKutta={})
FIELDS = dict(n="count", eta="positive0")

SPEC = [
    call("sample", start),
    call("sample/from .5", lambda: dict(score=score(), sde=vp(), shape=None, x=points(), t=.5, n_steps=2, generator=g()), shape="anything", allow={"shape: *": "any"}),
    call("sample/times", lambda: dict(score=score(), sde=vp(), shape=(3, 2), times=[1., .5, .1], generator=g(), dtype=D)),
    call("sample/corrected", lambda: start(corrector=M.correctors.LangevinCorrector())),
    *(call(f"sample/{n}", lambda n=n: start(predictor=R(n)())) for n in STEPS if n != "ReverseDiffusion"),
    call("trajectory", start, run=lambda **k: M.reverse.trajectory(**k)),
    call("adaptive_sample", lambda: dict(score=score(), sde=vp(), shape=(3, 2), rtol=.5, atol=.5, max_evals=200, generator=g(), dtype=D)),
    call("adaptive_sample/from .5", lambda: dict(score=score(), sde=vp(), shape=None, x=points(), t=.5, rtol=.5, atol=.5, generator=g()), shape="anything", allow={"shape: *": "any"}),
    *(call(n, run=lambda n=n, **k: R(n)(**k)(score(), vp(), points(), times(points(), .5), times(points(), .4), generator=g()), **FIELDS) for n in STEPS),
    *(call(f"{n}.__call__", step, run=lambda n=n, **k: R(n)()(**k), allow={"score: returns nan": "any", "score: returns one nan": "any", "score: returns inf": "any"}) for n in STEPS),
]
