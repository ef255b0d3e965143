from .engine import call, g, levels, picture_score, points, score, vp

O = lambda: dict(rtol=1e-1, atol=1e-1)
SPEC = [
    call("log_likelihood", lambda: dict(score=score(), sde=vp(), x=points(), generator=g(), **O()), score="jacobian", errors=(RuntimeError,)),
    *(call(f"log_likelihood/{t}", lambda t=t: dict(score=score(), sde=vp(), x=points(), trace=t, generator=g(), **O()), score="jacobian", errors=(RuntimeError,)) for t in ("hutchinson", "hutch++")),
    call("log_likelihood/details", lambda: dict(score=score(), sde=vp(), x=points(), details=True, generator=g(), **O()), score="jacobian", errors=(RuntimeError,)),
    call("bits_per_dim", lambda: dict(score=picture_score(1, 4, 4), sde=vp(), images=levels(2, 1, 4), generator=g(), **O()), score="jacobian", dequantization="choice", scaling="wrong", correct="flag", errors=(RuntimeError,), allow={"images: one row": "skip"}),
    call("Likelihood", run=lambda: 0, skip=("*",)), # what comes out, not in
]
