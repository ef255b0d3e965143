from .engine import call, g, gm, points

S = lambda: gm().score
ONE = dict(score="model", target_score="model")
SPEC = [
    call("fisher_divergence", lambda: dict(score=S(), x=points(), target_score=S()), **ONE),
    call("explicit_loss", lambda: dict(score=S(), x=points(), target_score=S()), **ONE),
    call("implicit_loss", lambda: dict(score=S(), x=points()), score="jacobian", allow={"score: in training mode": "any"}),
    call("sliced_loss", lambda: dict(score=S(), x=points(), generator=g()), score="jacobian", allow={"score: in training mode": "any"}),
    call("denoising_loss", lambda: dict(score=S(), x=points(), sigma=.3, generator=g()), score="model"),
]
