from .engine import M, call, g, gm, points

S, L = lambda: gm().score, lambda: gm().log_prob
kw = lambda: dict(x=points(), step_size=.1, n_steps=2, generator=g())
SPEC = [
    call("langevin", lambda: dict(score=S(), **kw()), run=lambda **k: M.langevin.langevin(**k)),
]
