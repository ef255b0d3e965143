from .engine import call, g, points, score, vp

SPEC = [
    call("fisher_integral", lambda: dict(score=score(), target_score=score(), sde=vp(), x0=points(), n_levels=3, generator=g())),
    call("kl_bound", lambda: dict(score=score(), target_score=score(), sde=vp(), x0=points(), n_levels=3, generator=g())),
    call("sliced_time_loss", lambda: dict(model=score(), sde=vp(), x0=points(), generator=g()), model="jacobian", allow={"model: in training mode": "any", "model: raises": "raises", "model: *": "any"}),
    call("elbo", lambda: dict(model=score(), sde=vp(), x0=points(), n_times=2, generator=g())),
]
