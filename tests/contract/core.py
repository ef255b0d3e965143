from .engine import M, call, g, points, rand, score

import torch
T = lambda: rand(3)
SPEC = [
    call("seeded", lambda: dict(seed=0, device="cpu"), run=lambda seed, device: M.core.seeded(seed, device=device), then=lambda g: g.initial_seed(), seed="whole",
         allow={"device: meta": "error"}),
    call("count_nfe", lambda: dict(score=score()), then=lambda s: (s(points(), .5), s.nfe), allow={"score: *": "skip"} | {f"score: {k}": "error" for k in ("None", "a number", "a str", "a class", "object")}),
    call("count_nfe.__call__", lambda: dict(x=points(), t=.5), run=lambda x, t: M.core.count_nfe(score())(x, t), skip=("x", "t")), # passes on whatever comes
    call("count_nfe.take", lambda: dict(rows=[0, 1]), run=lambda rows: M.core.count_nfe(score()).take(rows).nfe, rows="anything", allow={"rows: *": "loose"}),
    call("given", lambda: dict(score=lambda x, t, y: score()(x, t) * torch.as_tensor(y).reshape(-1, 1), y=2., x=points(), t=.5), run=lambda score, y, x, t: M.core.given(score, y)(x, t), y="labels", skip=("x", "t"),
         allow={"score: *": "skip", "y: *": "loose", "y: wrong number": "error", "y: nan": "skip", "y: nans": "skip", "y: strs": "error", "y: a str": "error"} | {f"score: {k}": "error" for k in ("None", "a number", "a str", "a class", "object", "takes nothing")}),
    call("assert_mc", lambda: dict(estimate=rand(3), truth=rand(3), se=rand(3) + .1, bias=0., n_se=5.), estimate="batch", truth="batch", se="batch", bias="real", n_se="positive",
         errors=(AssertionError,), alias=("standard errors", "shapes", "estimates"), allow={f"{a}: {k}": "any" for a in ("estimate", "truth", "se") for k in ("requires grad", "inference tensor", "not contiguous")}),
]
