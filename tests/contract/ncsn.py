from .engine import M, call, g, gm, points

import torch
lad = lambda: M.ncsn.Ladder(.1, 5., 4)
S = lambda: gm().at(lad())
kw = lambda: dict(n_steps=2, step_size=1e-3, generator=g())
SPEC = [
    call("geometric_sigmas", lambda: dict(sigma_min=.1, sigma_max=5., n=4)),
    call("Ladder", lambda: dict(sigma_min=.1, sigma_max=5., n=4), then=lambda l: l.sigmas),
    call("annealed_langevin", lambda: dict(score=S(), x=points(), sigmas=lad(), **kw())),
    call("annealed_inpaint", lambda: dict(score=S(), y=points(), mask=torch.tensor([1., 0.]), sigmas=lad(), **kw()), alias=("x",), allow={"score: returns one nan": "any", "y: rank + 1": "any"}),
    call("suggest_sigmas", lambda: dict(data=points(8), generator=g()), then=lambda s: s.sigmas, overlap="positive", excess="positive", alias=("data",)),
]
