"""An operator and a step of one's own; posteriors with methods as objects."""
import torch
from torch import Tensor
import score_nb as nb


def double(x: Tensor) -> Tensor: return 2 * x[:, :1]


def my_step(score, sde, x, t, s, *, generator=None):
    "Euler's method for the probability-flow ODE"
    mean = x + (s - t)[:, None].to(x.dtype) * sde.flow_drift(score, x, t)
    return mean, mean


sde = nb.VP()
density = nb.Gaussian(torch.zeros(2), torch.eye(2))
score = density.at(sde)
op = nb.Matrix(torch.tensor([[2., 0.]]))
free = nb.LinearOperator(double, (2,))
y = op(density.sample(4, generator=nb.seeded(0)))
for method in (nb.Replacement(resample=2), nb.PiGDM(), nb.DPS(step=.5), nb.MMPS(n_iter=3), nb.Twisted(), "pigdm"):
    x = nb.posterior_sample(score, sde, op, y, noise_std=.1, method=method, n=8, n_steps=50)
    print(x.mean(0).std())
posterior = nb.posterior_score(score, sde, op, y, noise_std=.1, method=nb.MMPS())
x = nb.sample(posterior, sde, (4, 2), predictor=my_step, n_steps=10)
x = nb.sample(score, sde, (4, 2), predictor=nb.Ancestral(), corrector=nb.HMCCorrector(), n_steps=10)
frames = [f for f in nb.trajectory(score, sde, (4, 2), predictor=nb.RungeKutta(), n_steps=10)]
back = op.pinv(y) + op.adjoint(y) + free.pinv(y)
x = nb.posterior_sample(score, sde, free, y, noise_std=.1, method=nb.PiGDM(), n_steps=10)
exact = density.posterior([[2., 0.]], [1.], .1).sample(3)
curved = nb.Operator(lambda x: x.square(), (2,))(exact)
blur, small, grey, mixed = nb.Blur(torch.ones(3, 3) / 9), nb.Downsample(2), nb.Grayscale(), nb.Matrix(torch.ones(1, 2))
scan = nb.Radon(16, torch.arange(0, 180, 10.))(torch.zeros(1, 1, 16, 16)).mean()
fourier = nb.FourierMask(torch.ones(16, 16))(torch.zeros(1, 1, 16, 16)).mean()
