from .engine import call, points, vp
import torch

def use(s): return s.alpha(.5), s.sigma(.5), s.prior_std

P = "positive"
SPEC = [
    call("VE", lambda: dict(sigma_min=.1, sigma_max=5.), then=use),
    call("VP", lambda: dict(beta_min=.1, beta_max=20.), then=use),
    call("SubVP", lambda: dict(beta_min=.1, beta_max=20.), then=use),
    call("Cosine", lambda: dict(s=.008, alpha_min=.01), then=use, s=P),
    call("Linear", lambda: dict(alpha_min=.01), then=use),
    call("Affine", lambda: dict(alpha=lambda t: 1 - .9 * t, sigma=lambda t: .1 + t, eps=1e-3), then=use, alpha="function", sigma="function", allow={"alpha: returns a number": "any", "sigma: returns a number": "any"}),
    call("Discrete", lambda: dict(betas=torch.linspace(1e-3, .3, 10)), then=use, betas="grid", alphas_cumprod="grid", allow={"betas: *": "any", "alphas_cumprod: *": "any", "betas: nan": "error"}),
    call("prior_kl", lambda: dict(sde=vp(), x0=points()), inf=True),
    call("suggest_ends", lambda: dict(x0=points(), nats=.01, beta_min=.1), then=lambda r: [use(v) if hasattr(v, "alpha") else v for v in (r if isinstance(r, (tuple, list)) else r.values() if isinstance(r, dict) else [r])], nats=P),
]
