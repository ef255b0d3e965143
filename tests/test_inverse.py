"""What every posterior sampler owes its caller, whatever the method: shapes, given pixels, neighbours, ends of the range, errors. The exact answers are tested in chapter 18."""
import math
import pytest, torch
from torch.testing import assert_close
from score_nb.core import assert_mc, count_nfe, expand, randn, seeded
from score_nb.correctors import langevin_corrector
from score_nb.densities import Gaussian, GaussianMixture, random_mixture
from score_nb.inverse import ess, posterior_sample, posterior_score, split_times, twisted_steps
from score_nb.operators import Inpaint, LinearOperator, Matrix, Operator
from score_nb.reverse import euler_maruyama
from score_nb.sde import SubVP, VE, VP

SDES = pytest.mark.parametrize("sde", [VE(), VP(), SubVP()], ids=["VE", "VP", "sub-VP"])
GROUPS = GaussianMixture([.25, .25, .5], [[-.8, 1.2], [-.6, -1.], [0., .1]], (.15 ** 2 * torch.eye(2)).expand(3, 2, 2))
FIRST = Inpaint([True, False])                                          # x1 observed, x2 missing
Y = torch.tensor([[-.75, torch.nan]], dtype=torch.float64)
IMAGE = torch.tanh(randn((2, 1, 4, 4), generator=seeded(30)))
UPPER = Inpaint((torch.arange(4)[:, None] < 2).expand(4, 4))
HOLE = torch.where(UPPER.mask, IMAGE, torch.nan)


def toy(x, t): return -x / (1 + x.mean((1, 2, 3), keepdim=True) ** 2)   # any smooth function
def normal(sde): return lambda x, t: -x / expand(sde.alpha(t) ** 2 + sde.sigma(t) ** 2, x) # the score of N(0, I)


@pytest.mark.parametrize("method", ["pigdm", "dps", "mmps"])
@pytest.mark.parametrize("dense", [32, 0])
def test_score_alone_and_among_others(method, dense):
    "The score of one observation is the same alone and among 256 others that are far away"
    B, A = randn((4, 4), generator=seeded(55), dtype=torch.float64), randn((2, 4), generator=seeded(24), dtype=torch.float64)
    skew, op = Gaussian([1., -1., .5, 0.], B @ B.mT / 4 + .1 * torch.eye(4)), Matrix(A)
    x = randn((257, 4), generator=seeded(56), dtype=torch.float64)
    y = op(x) * torch.linspace(1, 1000, 257, dtype=torch.float64)[:, None]
    f = lambda y: posterior_score(skew.at(VP()), VP(), op, y, noise_std=.1, method=method, dense=dense)
    assert_close(f(y)(x, .3)[:1], f(y[:1])(x[:1], .3), rtol=1e-12, atol=1e-12)


def test_one_observation_serves_any_batch():
    x, score = randn((5, 2), generator=seeded(43), dtype=torch.float64), GROUPS.at(VP())
    one, many = (posterior_score(score, VP(), FIRST, y) for y in (Y, Y.expand(5, 2)))
    assert_close(one(x, .3), many(x, .3))
    assert_close(one(x, .95), score(x, .95))                            # noise far above the data: the prior's
    assert float((one(x, .3) - score(x, .3)).abs().max()) > 1e-2


@pytest.mark.parametrize("method", ["replacement", "pigdm", "dps", "mmps", "twisted"])
def test_samples_do_not_know_their_neighbours(method):
    def beside(other): # the same seed, so the same noise for observation 0
        y = torch.tensor([[-.75, 0.], [other, 0.]], dtype=torch.float64)
        return posterior_sample(GROUPS.at(VP()), VP(), FIRST, y, noise_std=.1, n_steps=40, method=method, n=32, generator=seeded(33))[:, 0]
    assert_close(beside(-.7), beside(.3), rtol=1e-9, atol=1e-11)


@SDES
@pytest.mark.parametrize("kw", [dict(), dict(corrector=langevin_corrector()), dict(method="pigdm"), dict(method="mmps"), dict(method="dps")], ids=str)
def test_shape_dtype_and_given_pixels(sde, kw):
    x = posterior_sample(normal(sde), sde, UPPER, HOLE, n=3, n_steps=40, generator=seeded(31), **kw)
    assert x.shape == (3, 2, 1, 4, 4) and x.dtype == torch.float32 and bool(x.isfinite().all())
    assert bool((x[..., :2, :] == IMAGE[:, :, :2]).all())


@pytest.mark.parametrize("noise_std", [.02, .5, 5.])
def test_evaluations_with_noise(noise_std):
    "Part of the run replaces, part does not; the count stays near what was asked for"
    score = count_nfe(GROUPS.at(VP()))
    posterior_sample(score, VP(), FIRST, Y, noise_std=noise_std, n_steps=200)
    assert 100 < score.nfe < 230


def test_walks_count_as_evaluations():
    score = count_nfe(GROUPS.at(VP()))
    posterior_sample(score, VP(), FIRST, Y, n_steps=200, resample=10)
    assert score.nfe == 201                                             # and the last denoising step


def test_particles_last_to_the_end_of_sub_vp():
    "Sub-VP goes on to much smaller noise than VP; one long step there would use up the particles"
    mix, A = random_mixture(8, 10, generator=seeded(7)), randn((3, 8), generator=seeded(59)).double() / 8 ** .5
    y = mix.sample(8, generator=seeded(63)) @ A.mT + .1 * randn((8, 3), generator=seeded(64)).double()
    shares = [ess(w) / 128 for t, _, w in twisted_steps(mix.at(SubVP()), SubVP(), Matrix(A), y, noise_std=.1, n=128, n_steps=30, twist="mmps", generator=seeded(65)) if t > 0]
    assert float(shares[-1].min()) > .4


@SDES
def test_time_axis_is_cut_where_the_noise_is_that_of_y(sde):
    held, free = split_times(sde, 100, 10, .4)
    assert held[-1] == free[0] and free[-1] == sde.eps and held[0] == 1
    joint = torch.tensor(held[-1], dtype=torch.float64)
    assert_close(sde.sigma(joint) / sde.alpha(joint), torch.tensor(.4, dtype=torch.float64))
    assert split_times(sde, 100, 10, 1e-9)[1] == [] and len(split_times(sde, 100, 10, 1e9)[0]) < 2


def test_useless_observation_leaves_the_prior():
    x = posterior_sample(GROUPS.at(VP()), VP(), FIRST, Y, generator=seeded(46), noise_std=1e3, n=1000, n_steps=300)[:, 0, 1]
    shares, w = torch.bincount((x[:, None] - GROUPS.means[:, 1]).abs().argmin(1), minlength=3) / 1000, GROUPS.weights
    assert_mc(shares, w, (w * (1 - w) / 1000).sqrt(), bias=.01)


def test_full_mask_and_one_step():
    full = posterior_sample(toy, VP(), Inpaint(torch.ones(4, 4)), IMAGE, n_steps=3, generator=seeded(47))
    assert_close(full[0], IMAGE, rtol=0, atol=0)
    assert bool(posterior_sample(toy, VP(), UPPER, HOLE, n_steps=1, resample=10, generator=seeded(48)).isfinite().all())


def test_seed_decides():
    a, b, c = (posterior_sample(GROUPS.at(VP()), VP(), FIRST, Y, n_steps=20, predictor=euler_maruyama, generator=seeded(k)) for k in (49, 49, 50))
    assert_close(a, b, rtol=0, atol=0)
    assert not torch.equal(a, c)


SQUARE, ANY, CLEAN = Operator(lambda x: x ** 2, (2,)), LinearOperator(lambda x: x, (2,)), Y.nan_to_num()
VALUES = [("noise_std", dict(noise_std=-.1)), ("noise_std", dict(noise_std=math.inf)), ("n: ", dict(n=0)), ("n_steps", dict(n_steps=0)),
          ("resample", dict(resample=0)), ("method", dict(method="magic")), ("y: .*mask", dict(y=CLEAN.T)), ("y: .*finite", dict(y=Y.flip(1))),
          ("noise_std: 'twisted' divides", dict(method="twisted", n=8)), ("n: 'twisted'", dict(method="twisted", noise_std=.1)),
          ("twist", dict(method="twisted", noise_std=.1, n=8, twist="dps")), ("step", dict(method="dps", step=0.))]
TYPES = [("operator", dict(operator=torch.tensor([True, False]))), ("y: .*floating", dict(y=CLEAN.int())), ("noise_std", dict(noise_std="0.1")),
         ("spectrum", dict(operator=ANY, y=CLEAN)), ("pigdm.*LinearOperator", dict(operator=SQUARE, y=torch.ones(1, 2), method="pigdm"))]

@pytest.mark.parametrize("error, text, kw", [(ValueError, *v) for v in VALUES] + [(TypeError, *v) for v in TYPES], ids=str)
def test_bad_input_is_named(error, text, kw):
    def never(x, t): raise AssertionError("the score was called before the arguments were checked")
    with pytest.raises(error, match=text): posterior_sample(never, VP(), **dict(operator=FIRST, y=Y) | kw)


def test_posterior_score_refuses_replacement():
    with pytest.raises(ValueError, match="method"): posterior_score(toy, VP(), FIRST, Y, method="replacement")
