from .engine import call, g, gm, points

S, L = lambda: gm().score, lambda: gm().log_prob
kw = lambda: dict(x=points(), step_size=.1, n_steps=2, generator=g())
SPEC = [
    call("mala", lambda: dict(log_prob=L(), score=S(), **kw()), allow={"log_prob: returns nan": "error", "log_prob: returns a number": "error", "log_prob: returns numpy": "error"}),
    call("hmc", lambda: dict(log_prob=L(), score=S(), n_leapfrog=2, **kw()), allow={"log_prob: returns a number": "error", "log_prob: returns numpy": "error"}),
    call("effective_sample_size", lambda: dict(chain=points(12).reshape(6, 2, 2))),
]
