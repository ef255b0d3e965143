"""Every shipped model is a score like any other: it works in every sampler, likelihood and solver, the ladder of NCSN included, and the exact ladder gives exact answers."""
import pytest
import torch
from torch.testing import assert_close
from score_nb import (Inpaint, Ladder, Gaussian, adaptive_sample, bits_per_dim, decode, digits, encode, fast_sample, load_pretrained, log_likelihood,
                      ode_sample, posterior_sample, posterior_score, sample)
from score_nb.core import assert_mc, seeded
from score_nb.hub import pretrained_names


@pytest.mark.parametrize("name", pretrained_names())
def test_samplers(name):
    model = load_pretrained(name)
    shape, kw = (2, *model.shape), dict(generator=seeded(0))
    for x in (sample(model, model.sde, shape, n_steps=2, **kw), fast_sample(model, model.sde, shape, n_evals=3, **kw)):
        assert x.shape == shape and bool(torch.isfinite(x).all())
    assert bool(torch.isfinite(model.denoise(x, 0.)).all())


def test_ncsn_in_all_entries():
    model, g = load_pretrained("ncsn-mnist"), lambda: seeded(1)
    y = digits("test")[0][:1]
    mask = torch.ones(1, 28, 28); mask[:, 14:] = 0
    x = (y + .5) / 128 - 1
    kw = dict(rtol=.5, atol=.5, generator=g())
    assert ode_sample(model, model.sde, (1, 1, 28, 28), **kw).shape == x.shape
    assert posterior_sample(model, model.sde, Inpaint(mask), x * mask, n=2, n_steps=2, generator=g()).shape == (2, *x.shape)
    assert torch.isfinite(log_likelihood(model, model.sde, x, trace="hutchinson", **kw)).all()
    assert torch.isfinite(torch.as_tensor(bits_per_dim(model, model.sde, y.repeat(2, 1, 1, 1), **kw))).all()


def test_the_exact_ladder():
    "On the exact score of a Gaussian every entry gives the answer that is known"
    data, sde = Gaussian([1., -2.], [[1., .5], [.5, 2.]]), Ladder(.01, 30., 60)
    score, n = data.at(sde), 4000
    mean, var = torch.tensor([1., -2.], dtype=torch.float64), torch.tensor([1., 2.], dtype=torch.float64)
    for x in (sample(score, sde, (n, 2), n_steps=300, generator=seeded(0), dtype=torch.float64), fast_sample(score, sde, (n, 2), n_evals=20, generator=seeded(1), dtype=torch.float64),
              ode_sample(score, sde, (n, 2), generator=seeded(2), dtype=torch.float64), adaptive_sample(score, sde, (n, 2), generator=seeded(3), dtype=torch.float64)):
        assert_mc(x.mean(0), mean, (var / n) ** .5, bias=.05); assert_mc(x.var(0), var, var * (2 / n) ** .5, bias=.1)
    x = data.sample(5, generator=seeded(4))
    assert_close(log_likelihood(score, sde, x), data.log_prob(x), rtol=0, atol=2e-2)
    assert_close(decode(score, sde, encode(score, sde, x)), x, rtol=0, atol=1e-2)
    y = torch.tensor([[2., 0.]], dtype=torch.float64) # the first coordinate is seen: mean -2 + .5, variance 1.75
    done = posterior_sample(score, sde, Inpaint(torch.tensor([1., 0.])), y, n=n, n_steps=300, generator=seeded(5))[:, 0]
    assert (done[:, 0] == 2).all()
    assert_mc(done[:, 1].mean(), -1.5, (1.75 / n) ** .5, bias=.1)
    assert torch.isfinite(posterior_score(score, sde, Inpaint(torch.tensor([1., 0.])), y, noise_std=.1)(x, torch.full((5,), .3))).all()
