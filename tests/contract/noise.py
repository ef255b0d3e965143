from .engine import Foreign, M, call, g, points, score, vp

import torch

PROCESSES = dict(VP=lambda: M.sde.VP(), VE=lambda: M.sde.VE(.01, 5.), SubVP=lambda: M.sde.SubVP(), Cosine=lambda: M.sde.Cosine(), Linear=lambda: M.sde.Linear(),
                 Affine=lambda: M.sde.Affine(lambda t: (-t).exp(), lambda t: t.exp() * .1), Discrete=lambda: M.sde.Discrete(betas=torch.linspace(1e-3, .3, 10)), Ladder=lambda: M.ncsn.Ladder(.1, 5., 6), foreign=lambda: M.noise.check_sde(Foreign()))

def base():
    "A subclass that gives alpha and sigma alone"
    class Mine(M.noise.SDE):
        def alpha(self, t): return (1 - t) * .98 + .01
        def sigma(self, t): return t * .98 + .01
    return Mine()

def methods(name, on):
    s = f"/{name}" if name else ""
    return [
        *(call(f"SDE.{m}{s}", lambda: dict(t=.5), on=on, t="coefficient", inf=True, allow={"t: wrong number": "any"}) for m in ("alpha", "sigma", "logsnr", "drift_coef", "diffusion")),
        call(f"SDE.time{s}", lambda: dict(logsnr=.5), run=lambda logsnr: on().time(logsnr), logsnr="coefficient"),
        call(f"SDE.perturb{s}", lambda: dict(x0=points(), t=.5, generator=g()), on=on, allow={"t: nan": "error"}),
        call(f"SDE.prior_sample{s}", lambda: dict(shape=(3, 2), generator=g()), on=on),
        call(f"SDE.prior_log_prob{s}", lambda: dict(x=points()), on=on),
        call(f"SDE.drift{s}", lambda: dict(x=points(), t=.5), on=on),
        call(f"SDE.reverse_drift{s}", lambda: dict(score=score(), x=points(), t=.5), on=on, allow={f"score: {k}": "any" for k in ("returns nan", "returns inf", "returns one nan")}),
        call(f"SDE.flow_drift{s}", lambda: dict(score=score(), x=points(), t=.5), on=on),
    ]

SPEC = [
    call("SDE", lambda: dict(), run=lambda: base().prior_std),
    *methods("", base),
    *(c for name, on in PROCESSES.items() for c in methods(name, on)[:None if name in ("VE", "Ladder", "foreign") else 7]),
    call("dsm_loss", lambda: dict(model=score(), sde=vp(), x0=points(), weighting="sigma2", importance=False, eps=1e-5, normalize=True, generator=g())),
    call("dsm_loss/weights", lambda: dict(model=score(), sde=vp(), x0=points(), weighting=lambda t: t + .1, importance=True, generator=g()), weighting="function"),
    call("loss_by_level", lambda: dict(model=score(), sde=vp(), x0=points(), times=[.1, .5], generator=g()), allow={"model: in training mode": "any"}),
]
