"""A process of one's own: a dataclass that gives alpha and sigma, and a foreign class that knows nothing of the package."""
import math
from dataclasses import dataclass
import torch
from torch import Tensor
import score_nb as nb


@dataclass(frozen=True)
class Sine(nb.SDE):
    sigma_max: float = .99
    def alpha(self, t) -> Tensor: return torch.cos(math.pi / 2 * .99 * t)
    def sigma(self, t) -> Tensor: return self.sigma_max * torch.sin(math.pi / 2 * t)


class Foreign:
    def alpha(self, t): return 1 - .9 * t
    def sigma(self, t): return .01 + t


density = nb.GaussianMixture([.3, .7], [[-1., 0.], [1., 0.]], [[[.1, 0.], [0., .1]]] * 2)
sde = Sine(sigma_max=.9)
score = density.at(sde)
x0 = density.sample(100, generator=nb.seeded(0))
xt, noise = sde.perturb(x0, .3, generator=nb.seeded(1))
drift: Tensor = sde.reverse_drift(score, xt, .3) + sde.flow_drift(score, xt, .3) + sde.drift(xt, .3)
start = sde.prior_sample((100, 2), generator=nb.seeded(2))
nats = sde.prior_log_prob(start).sum() + sde.logsnr(.5).exp() + sde.alpha(.5) * sde.sigma(.5) + sde.diffusion(.5)
when = sde.time(0.)
x = nb.sample(score, sde, (100, 2), n_steps=50, predictor=nb.DDIM(eta=.5), corrector=nb.LangevinCorrector(snr=.1, n=2))
x = nb.adaptive_sample(score, sde, (100, 2), rtol=.05)
x = nb.ode_sample(score, sde, None, x=xt, t=.3)
x = nb.decode(score, sde, nb.encode(score, sde, x0))
log_p = nb.log_likelihood(score, sde, x, trace="exact").mean()
y = nb.fast_sample(density.at(Foreign()), Foreign(), (100, 2), n_evals=10)
loss = nb.dsm_loss(score, nb.VP(beta_max=15.), x0, weighting=lambda t: t + .1)
loss = loss + nb.dsm_loss(score, nb.Ladder(.01, 5., 10), x0)
error = nb.loss_by_level(score, sde, x0, torch.tensor([.1, .5]))[0].max()
