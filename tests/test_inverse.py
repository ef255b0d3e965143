"""What every posterior sampler owes its caller, whatever the method: shapes, given pixels, neighbours, ends of the range, errors. The exact answers are tested in chapter 20."""
import math
import numpy as np
import pytest, torch
from torch.testing import assert_close
from score_nb.core import assert_mc, count_nfe, expand, given, randn, seeded
from score_nb.correctors import LangevinCorrector
from score_nb.densities import Gaussian, GaussianMixture, random_mixture
from score_nb.guidance import classifier_free
from score_nb.inverse import DPS, MMPS, PiGDM, Replacement, Twisted, interval_coverage, posterior_sample, posterior_score, twisted_steps
from score_nb.nets import MLP, ScoreModel
from score_nb.numerics.methods import chains
from score_nb.numerics.smc import ess
from score_nb.operators import Inpaint, LinearOperator, Matrix, Operator
from score_nb.reverse import Ancestral, EulerMaruyama, RungeKutta
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


@pytest.mark.parametrize("method", [PiGDM(), DPS(), MMPS(), MMPS(dense=0)], ids=str)
def test_score_alone_and_among_others(method):
    "The score of one observation is the same alone and among 256 others that are far away"
    B, A = randn((4, 4), generator=seeded(55), dtype=torch.float64), randn((2, 4), generator=seeded(24), dtype=torch.float64)
    skew, op = Gaussian([1., -1., .5, 0.], B @ B.mT / 4 + .1 * torch.eye(4)), Matrix(A)
    x = randn((257, 4), generator=seeded(56), dtype=torch.float64)
    y = op(x) * torch.linspace(1, 1000, 257, dtype=torch.float64)[:, None]
    f = lambda y: posterior_score(skew.at(VP()), VP(), op, y, noise_std=.1, method=method)
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
@pytest.mark.parametrize("kw", [dict(), dict(method=Replacement(corrector=LangevinCorrector())), dict(method="pigdm"), dict(method="mmps"), dict(method="dps"),
                                dict(method=DPS(corrector=LangevinCorrector())), dict(method=DPS(resample=2, predictor=RungeKutta())), dict(method=PiGDM(resample=4, predictor=Ancestral()))], ids=str)
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
    posterior_sample(score, VP(), FIRST, Y, n_steps=200, method=Replacement(resample=10))
    assert score.nfe == 201                                             # and the last denoising step


def test_particles_last_to_the_end_of_sub_vp():
    "Sub-VP goes on to much smaller noise than VP; one long step there would use up the particles"
    mix, A = random_mixture(8, 10, generator=seeded(7)), randn((3, 8), generator=seeded(59)).double() / 8 ** .5
    y = mix.sample(8, generator=seeded(63)) @ A.mT + .1 * randn((8, 3), generator=seeded(64)).double()
    g = seeded(65)
    rows = chains(mix.at(SubVP()), SubVP(), Matrix(A), y, 128, g)
    shares = [ess(w) / 128 for t, _, w in twisted_steps(*rows, noise_std=.1, n=128, n_steps=30, twist=MMPS(), generator=g) if t > 0]
    assert float(shares[-1].min()) > .4


def test_useless_observation_leaves_the_prior():
    x = posterior_sample(GROUPS.at(VP()), VP(), FIRST, Y, generator=seeded(46), noise_std=1e3, n=1000, n_steps=300)[:, 0, 1]
    shares, w = torch.bincount((x[:, None] - GROUPS.means[:, 1]).abs().argmin(1), minlength=3) / 1000, GROUPS.weights
    assert_mc(shares, w, (w * (1 - w) / 1000).sqrt(), bias=.01)


def test_full_mask_and_one_step():
    full = posterior_sample(toy, VP(), Inpaint(torch.ones(4, 4)), IMAGE, n_steps=3, generator=seeded(47))
    assert_close(full[0], IMAGE, rtol=0, atol=0)
    assert bool(posterior_sample(toy, VP(), UPPER, HOLE, n_steps=1, method=Replacement(resample=10), generator=seeded(48)).isfinite().all())


def test_seed_decides():
    a, b, c = (posterior_sample(GROUPS.at(VP()), VP(), FIRST, Y, n_steps=20, method=Replacement(predictor=EulerMaruyama()), generator=seeded(k)) for k in (49, 49, 50))
    assert_close(a, b, rtol=0, atol=0)
    assert not torch.equal(a, c)


@pytest.mark.filterwarnings("ignore:the effective")
@pytest.mark.parametrize("method", ["replacement", PiGDM(data_std=.5), "dps", "mmps", "twisted"], ids=str)
def test_inference_mode_and_numbers_of_numpy(method):
    kw = dict(noise_std=np.float32(.5), method=method, n=np.int64(2), n_steps=np.int64(6))
    out = [posterior_sample(normal(VP()), VP(), FIRST, Y, generator=seeded(1), **kw)]
    with torch.inference_mode(): out.append(posterior_sample(normal(VP()), VP(), FIRST, Y.clone(), generator=seeded(1), **kw))
    with torch.no_grad(): out.append(posterior_sample(normal(VP()), VP(), FIRST, Y.numpy(), generator=seeded(1), **kw))
    assert_close(out[0], out[1]); assert_close(out[0], out[2])
    if method in ("replacement", "twisted"): return
    with torch.inference_mode(): inside = posterior_score(normal(VP()), VP(), FIRST, Y, noise_std=.5, method=method)(Y.nan_to_num(), .3)
    assert_close(inside, posterior_score(normal(VP()), VP(), FIRST, Y, noise_std=.5, method=method)(Y.nan_to_num(), .3))


class Once(torch.autograd.Function):
    "A compiled model with donated buffers refuses, before it starts, a backward pass that keeps the graph; so does this one, without a compiler"
    @staticmethod
    def forward(ctx, x): return -x
    @staticmethod
    def backward(ctx, g):
        if torch._C._autograd._get_current_graph_task_keep_graph(): raise RuntimeError("This backward function was compiled with non-empty donated buffers")
        return -g

def test_a_compiled_model_works_or_says_why():
    kw, score, y = dict(noise_std=.5, n_steps=3, generator=seeded(2)), lambda x, t: Once.apply(x), torch.ones(1, 2).double()
    for method in ("replacement", "pigdm", "dps"): posterior_sample(score, VP(), ANY if method != "replacement" else FIRST, y, method=method, **kw)
    with pytest.raises(ValueError, match="score: a compiled model allows one backward pass"): posterior_sample(score, VP(), ANY, y, method="mmps", **kw)


@pytest.mark.parametrize("method", ["replacement", "pigdm", "dps", "mmps", "twisted"])
@pytest.mark.parametrize("score, error, text", [
    (lambda x, t: x[:, :1], ValueError, "score: expected to return shape"), (lambda x, t: x.sum(), ValueError, "score: expected to return shape"),
    (lambda x, t: x.detach().numpy(), TypeError, "score: expected to return a torch.Tensor"), (lambda x, t: (x, x), TypeError, "score: expected to return"),
    (lambda x: x, TypeError, "score: expected a function"), (None, TypeError, "score: expected a function"), (VP, TypeError, "score: expected a function"),
    (lambda x, t: x * math.nan, FloatingPointError, "score.*(became|got) NaN")])
def test_what_is_no_score_is_refused(method, score, error, text):
    with pytest.raises(error, match=text): posterior_sample(score, VP(), FIRST, Y, noise_std=.5, method=method, n=2, n_steps=4)


@pytest.mark.parametrize("method", ["pigdm", "dps", "mmps", "twisted", Twisted(PiGDM())], ids=str)
def test_a_detached_score_is_refused(method):
    detached = lambda x, t: normal(VP())(x.detach(), t)
    with pytest.raises(ValueError, match="score: expected an output that autograd can differentiate"):
        posterior_sample(detached, VP(), FIRST, Y, noise_std=.5, method=method, n=2, n_steps=4)
    posterior_sample(detached, VP(), FIRST, Y, noise_std=.5, n=2, n_steps=4)      # replacement needs no gradient


@pytest.mark.parametrize("method", ["pigdm", "dps", "mmps"])
def test_a_run_that_diverges_says_so(method):
    with pytest.raises(FloatingPointError, match="method: the run diverged in evaluation 2, at t = 0.98.*n_steps"):
        posterior_sample(lambda x, t: 50 * x, VP(), FIRST, Y, noise_std=.1, method=method, n=4, n_steps=60)
    bad = lambda x, t: normal(VP())(x, t) * (math.nan if t[0] < .5 else 1)
    with pytest.raises(FloatingPointError, match="score.*(became|got) NaN.*n_steps"):
        posterior_sample(bad, VP(), FIRST, Y, noise_std=.1, method=method, n_steps=60)
    # data of size 1000, of which nobody was told, are no runaway
    x = posterior_sample(lambda x, t: -x / expand((1000 * VP().alpha(t)) ** 2 + VP().sigma(t) ** 2, x), VP(), FIRST, 1000 * Y, noise_std=1., method=PiGDM(data_std=1000) if method == "pigdm" else method, n=8, n_steps=200)
    assert bool(x.isfinite().all())


@pytest.mark.parametrize("sde", [VE(), VP()], ids=["VE", "VP"])
@pytest.mark.parametrize("n_steps", [40, 160])
def test_dps_means_the_same_for_every_sde_and_number_of_steps(sde, n_steps):
    "The groups: with few steps, or VE, the samples were of size 17 to 200"
    x = posterior_sample(GROUPS.at(sde), sde, FIRST, Y, noise_std=.05, method="dps", n=1000, n_steps=n_steps, generator=seeded(4))[:, 0]
    assert float(x.abs().max()) < 3 and float((x[:, 0] + .75).abs().mean()) < .12
    shares = torch.bincount((x[:, 1:] - GROUPS.means[:, 1]).abs().argmin(1), minlength=3) / 1000
    assert float((shares - torch.tensor([.9, .1, 0.])).abs().max()) < .1     # wrong, as DPS is, but alike


def test_masks_one_a_sample():
    masks = Inpaint(torch.tensor([[True, False], [False, True]]), each=True)
    y = torch.tensor([[-.75, 7.], [7., 1.2]], dtype=torch.float64)
    for method in ("replacement", "pigdm", "dps", "mmps", "twisted"):
        x = posterior_sample(GROUPS.at(VP()), VP(), masks, y, noise_std=.05, method=method, n=64, n_steps=40, generator=seeded(5))
        assert float((x[:, 0, 0] + .75).abs().mean()) < .15 and float((x[:, 1, 1] - 1.2).abs().mean()) < .15, method


def test_restore_is_a_method_of_models_with_conditions():
    torch.manual_seed(0)
    model = ScoreModel(MLP(2, 16, 1, n_classes=3), VP(), output="v").eval()
    torch.nn.init.normal_(model.net.head.weight, std=.01); torch.nn.init.normal_(model.net.labels.table.weight)
    y, rows = Y.nan_to_num().float().repeat(3, 1), torch.tensor([0, 1, 2])
    ask = lambda y, c, **kw: model.restore(FIRST, y, noise_std=.5, n=2, n_steps=5, condition=c, generator=seeded(6), **kw)
    whole = ask(y, rows)
    assert whole.shape == (2, 3, 2)
    assert_close(whole, posterior_sample(given(model, rows), VP(), FIRST, y, noise_std=.5, n=2, n_steps=5, generator=seeded(6)))
    assert not torch.allclose(whole, ask(y, None)) and not torch.allclose(whole, ask(y, rows.flip(0)))
    for score in (given(model, rows), classifier_free(given(model, rows), model, scale=2.)):
        for method in ("pigdm", "twisted"): posterior_sample(score, VP(), FIRST, y, noise_std=.5, method=method, n=8, n_steps=30)
    with pytest.raises(ValueError, match="condition: expected"): ask(y, torch.tensor([0, 1, 3]))


def test_coverage_of_what_is_no_number_is_refused():
    x, truth = torch.rand(9, 2, 3), torch.rand(2, 3)
    for bad in (x * math.nan, x.int(), x[:, 0], x[..., :2], x.numpy(), x[:0], None):
        with pytest.raises((TypeError, ValueError), match="samples: expected"): interval_coverage(bad, truth)
    for bad in (truth * math.nan, truth.int(), truth[0], None):
        with pytest.raises((TypeError, ValueError), match="truth: expected"): interval_coverage(x, bad)
    for bad in (0, 1, math.nan, "9", None, True):
        with pytest.raises((TypeError, ValueError), match="level: expected"): interval_coverage(x, truth, bad)
    assert interval_coverage(x.half(), truth.double()).shape == (2,)


SQUARE, ANY, CLEAN = Operator(lambda x: x ** 2, (2,)), LinearOperator(lambda x: x, (2,)), Y.nan_to_num()
VALUES = [("noise_std", dict(noise_std=-.1)), ("noise_std", dict(noise_std=math.inf)), ("noise_std", dict(noise_std=math.nan)), ("n: ", dict(n=0)), ("n_steps", dict(n_steps=0)),
          ("method", dict(method="magic")), ("y: ", dict(y=CLEAN[:, :1].mT.expand(3, 5))), ("y: .*finite", dict(y=Y.flip(1))), ("y: ", dict(y=Y[0])), ("y: ", dict(y=Y[:0])),
          ("noise_std: Twisted divides", dict(method="twisted", n=8)), ("n: Twisted", dict(method="twisted", noise_std=.1)),
          ("twist: .*up to 1", dict(method=Twisted(MMPS(dense=1)), noise_std=.1, n=8, operator=ANY, y=CLEAN))]
TYPES = [("operator", dict(operator=torch.tensor([True, False]))), ("operator", dict(operator=None)), ("operator", dict(operator=Inpaint)), ("y: .*floating", dict(y=CLEAN.int())), ("y: ", dict(y=None)),
         ("noise_std", dict(noise_std="0.1")), ("noise_std", dict(noise_std=None)), ("spectrum", dict(operator=ANY, y=CLEAN)), ("n: ", dict(n=2.)), ("n_steps: ", dict(n_steps="9")),
         ("PiGDM needs a LinearOperator", dict(operator=SQUARE, y=torch.ones(1, 2), method="pigdm")), ("PiGDM needs a LinearOperator", dict(operator=SQUARE, y=torch.ones(1, 2), method=Twisted("pigdm"), n=2, noise_std=.1)),
         ("method: .*class PiGDM", dict(method=PiGDM)), ("method: ", dict(method=None)), ("method: ", dict(method=7)), ("sde: ", dict(sde=VP)), ("sde: ", dict(sde="vp")),
         *(("generator: expected a torch.Generator", dict(generator=g, method=m, noise_std=.1, n=2)) for g in (3, "cpu", np.random.default_rng()) for m in ("replacement", "dps", "twisted"))]

@pytest.mark.parametrize("error, text, kw", [(ValueError, *v) for v in VALUES] + [(TypeError, *v) for v in TYPES], ids=str)
def test_bad_input_is_named(error, text, kw):
    def never(x, t): raise AssertionError("the score was called before the arguments were checked")
    kw = dict(sde=VP(), operator=FIRST, y=Y) | kw
    with pytest.raises(error, match=text): posterior_sample(never, kw.pop("sde"), **kw)


@pytest.mark.parametrize("make, text", [(lambda: Twisted("dps"), "twist"), (lambda: Twisted(DPS()), "twist"), (lambda: Twisted(PiGDM(resample=3)), "twist: resample"), (lambda: Twisted(3), "twist"),
                                        (lambda: DPS(step=0.), "step"), (lambda: DPS(noise_std=1), "noise_std"), (lambda: Twisted(resample=7), "resample"), (lambda: Replacement(step=99), "step")], ids=str)
def test_an_option_that_is_not_used_is_an_error(make, text):
    with pytest.raises((TypeError, ValueError), match=text): make()


@pytest.mark.parametrize("method", ["replacement", Twisted(), PiGDM(resample=2), PiGDM(predictor=Ancestral()), MMPS(corrector=LangevinCorrector())], ids=str)
def test_posterior_score_refuses_what_it_would_not_use(method):
    with pytest.raises(ValueError, match="method"): posterior_score(toy, VP(), FIRST, Y, method=method)


def test_rows_of_a_posterior_score_are_those_of_y():
    y, x = randn((3, 2), generator=seeded(7), dtype=torch.float64), randn((2, 2), generator=seeded(8), dtype=torch.float64)
    with pytest.raises(ValueError, match="y: expected one observation, or one for each of 2 samples, got 3"):
        posterior_score(normal(VP()), VP(), FIRST, y)(x, .3)
