from .engine import M, call, g, points, score, vp
from .reverse import step, times

C = lambda name: getattr(M.correctors, name)
STEPS = ("LangevinCorrector", "AnnealedCorrector", "HMCCorrector")
NAN = {f"score: {k}": "any" for k in ("returns nan", "returns one nan", "returns inf")}
def used(c): return c(score(), vp(), points(), times(points(), .4), times(points(), .4), generator=g())

SPEC = [
    *(call(n, then=used, n="count", step="function") for n in STEPS),
    *(call(f"{n}.__call__", lambda: dict(step(), t=times(points(), .4)), run=lambda n=n, **k: C(n)()(**k), allow=NAN) for n in STEPS),
    call("convert_score", lambda: dict(score=score(), trained=vp(), sde=M.sde.VE(.01, 5.), x=points(), t=.5), run=lambda x, t, **k: M.correctors.convert_score(**k)(x, t), trained="sde", allow=NAN | {"x: nan": "any"}),
]
