"""How a call is listed, what is tried in place of each argument, and what counts as a good outcome.

Good: a finite result of the type that the valid call gives, the same result where only the form of the input changed,
or an error raised by score_nb itself that names the argument. What must fail has to fail; what must work has to work."""
import contextlib, copy, dataclasses, importlib, importlib.util, inspect, io, linecache, math, pkgutil, re, signal, traceback, warnings
from collections import namedtuple
from functools import cache
from pathlib import Path
import numpy as np, torch
from torch import Tensor, nn
import score_nb

D, F = torch.float64, torch.float32
OURS = str(Path(score_nb.__file__).parent)
LIMIT = 10 # seconds a case may take


# What the listed calls are made of: small, and the same every time

class _Modules:
    "M.fast is score_nb.fast, imported when it is asked for"
    def __getattr__(self, name): return importlib.import_module(f"score_nb.{name}")

M = _Modules()

def g(seed=0): return torch.Generator().manual_seed(seed)

def rand(*shape, seed=1, dtype=D): return torch.rand(*shape, generator=g(seed), dtype=dtype)

def randn(*shape, seed=1, dtype=D): return torch.randn(*shape, generator=g(seed), dtype=dtype)

@cache
def gm(): return M.densities.random_mixture(2, 3, generator=g())

@cache
def gauss(*shape):
    "Exact scores of a standard Gaussian of pictures"
    n = math.prod(shape)
    return M.densities.Gaussian(torch.zeros(n), torch.eye(n) / 4)

@cache
def vp(): return M.sde.VP()

def points(n=3): return gm().sample(n, generator=g(1))

def score(): return gm().at(vp())

def picture_score(*shape):
    s = gauss(*shape).at(vp())
    return lambda x, t: s(x.reshape(len(x), -1), t).reshape(x.shape)

def pictures(n=2, c=1, size=8, dtype=D): return rand(n, c, size, size, dtype=dtype) * 2 - 1

def levels(n=2, c=1, size=8): return torch.randint(0, 256, (n, c, size, size), dtype=torch.uint8, generator=g())

@cache
def _model(classes=None, dropout=0.):
    torch.manual_seed(0)
    kw = dict(n_classes=classes, label_dropout=.1) if classes else {}
    net = M.nets.MLP(2, 16, 1, **kw)
    with torch.no_grad(): # not the zeros of a fresh network
        for p in net.parameters(): p += .05 * torch.randn(p.shape, generator=g(3))
    return M.nets.ScoreModel(net, vp())

def model(classes=None): return copy.deepcopy(_model(classes)).eval()

class Foreign:
    "A user's own process: alpha and sigma are all that it has"
    def alpha(self, t): return vp().alpha(t)
    def sigma(self, t): return vp().sigma(t)

class Dropped(nn.Module):
    "A score with dropout, left in training mode"
    def __init__(self, f):
        super().__init__()
        self.f, self.drop = f, nn.Dropout(.5)
        self.train()
    def forward(self, x, *a): return self.drop(self.f(x, *a))


# Listing

Call = namedtuple("Call", "name base kinds skip run then on alias inf errors allow same loose needs")

def call(name, base=dict, /, *, skip=(), run=None, then=None, on=None, alias=(), inf=False, errors=(), allow=None, same=True, loose=False, needs=None, **kinds):
    """A public name (or Class.method, and after a slash a variant) with a valid call.

    base: () -> keyword arguments; run: what to call with them, if not the name itself; on: () -> the object of a method;
    then: result -> what is looked at (a class is made, then used); kinds: argument -> key of KINDS, if its name does not tell;
    skip: arguments that are not tried ("*": none is); alias: words that name an argument in a message besides itself; inf: infinity is a right
    answer; errors: further error types that are right; allow: {"argument: case": outcomes}; same: the result is deterministic;
    loose: its type may follow that of the argument; needs: a package without which the call is left out."""
    return Call(name, base, kinds, tuple(skip), run, then, on, tuple(alias), inf, tuple(errors), allow or {}, same, loose, needs)

BY_NAME = dict(
    x="batch", x0="batch", y="measured", z="batch", data="batch", images="uint8", a="batch", b="batch", chain="batch", samples="batch",
    t="time", s="time", times="grid", eps="positive", score="score", target_score="score", model="model", conditional="score",
    unconditional="score", sde="sde", generator="generator", shape="shape", device="device", dtype="dtype", n="count", n_steps="count",
    n_evals="count", n_samples="count", n_iter="count", n_proj="count", n_probes="count", n_levels="count", n_times="count", n_leapfrog="count",
    batch_size="count", max_evals="count", max_points="count", ncol="count", size="count", factor="count", order="count", rows="count", dense="count0",
    width="count", depth="count", dim="count", n_warmup="count0", warmup="count0", accumulate="count", resample="count",
    checkpoint_every="count", evaluate_every="count", step_size="positive", noise_std="positive0", scale="real", rtol="positive", atol="positive", data_std="positive",
    snr="positive", sigma="positive", sigma_min="positive", sigma_max="positive", beta_min="positive", beta_max="positive", alpha_min="positive", level="positive",
    lr="positive", damping="positive0", noise="positive0", eta="positive0", step="positive", far="positive", predictor="step", corrector="step",
    method="choice", trace="choice", weighting="choice", decay="choice", split="choice", output="choice", role="choice", mixed_precision="choice",
    denoise="flag", progress="flag", details="flag", importance="flag", normalize="flag", correct="flag", compile="flag", resume="flag",
    operator="operator", mask="measured", kernel="measured", labels="labels", label="labels", limit="function", transform="function", loss="function",
    evaluate="function", log_prob="function", log_prob_y="function", classifier="function", f="function", path="path", out="path", interval="pair", lim="pair",
    seed="whole", title="text", condition="labels", w="real", weights="measured", sigmas="grid", chunk="count", repeats="count", density="wrong", solver="choice", per_image="flag", reduction="choice", chunk_size="count", variance_reduced="flag", probe="choice", info="anything", each="flag",
)


# What is tried. Each case: label, value, what must come of it: "error", "ok" (works), "same" (the same result), "any" (a good result or a good error)

def _tensor(v): return v if isinstance(v, Tensor) else torch.as_tensor(v)

def _spoil(v, bad):
    v = (v if v.is_floating_point() else v.float()).clone(memory_format=torch.contiguous_format)
    v.view(-1)[0] = bad
    return v

def _inference(v):
    with torch.inference_mode(): return v.clone()

def batch(v, c):
    if v is None: v = c.get("like", points())
    v = _tensor(v)
    f = v if v.is_floating_point() else v.float()
    yield from [("rank - 1", v[0], "any"), ("rank + 1", v[None], "any"), ("0-dim", f.flatten()[0], "any"), ("int64", (f * 10).long(), "any"),
                ("int32", (f * 10).int(), "any"), ("uint8", (f.abs() * 10).to(torch.uint8), "any"), ("bool", f > 0, "any"), ("f16", f.half(), "any"), ("bf16", f.bfloat16(), "any"), ("f32", f.float(), "any"),
                ("f64", f.double(), "any"), ("complex64", f.to(torch.complex64), "error"), ("complex128", f.to(torch.complex128), "error"),
                ("nan", _spoil(f, math.nan), "error"), ("inf", _spoil(f, math.inf), "error"), ("-inf", _spoil(f, -math.inf), "error"), ("empty", v[:0], "any"), ("no axis", v[..., :0], "any"),
                ("one row", v[:1], "any"), ("huge", f * 0 + 1e30, "any"), ("tiny", f * 1e-30, "any"), ("twice as wide", torch.cat([v, v], -1), "any"), ("a str", "abc", "error"), ("a dict", {}, "error"),
                ("None", None, "any"), ("a number", 1., "any"), ("list", v.tolist(), "any same"), ("numpy", v.numpy(), "any same"), ("numpy f32", f.float().numpy(), "any"),
                ("numpy of objects", np.array(["a"]), "error"), ("many rows", torch.cat([v] * 5), "any")]
    if v.ndim:
        wide = torch.stack([v, v], -1)[..., 0]
        yield from [("not contiguous", wide, "same"), ("inference tensor", _inference(v), "same")]
        if v.is_floating_point(): yield "requires grad", v.clone().requires_grad_(), "same"

def measured(v, c): yield from batch(v, c)

def uint8(v, c):
    yield from [k for k in batch(v, c) if k[0] not in ("complex64", "complex128")]
    yield from [("floats", v.double() / 255, "any"), ("int64 in range", v.long(), "any"), ("int64 too large", v.long() * 10, "any"), ("complex", v.to(torch.complex64), "error")]

def times_of(v, c):
    n = c.get("n", 3)
    yield from [("-0.1", -.1, "error"), ("1.5", 1.5, "error"), ("nan", math.nan, "error"), ("inf", math.inf, "error"), ("a str", "0.5", "error"), ("complex", 1j, "error"), ("a dict", {}, "error"),
                ("None", None, "any"), ("True", True, "any"), ("int 1", 1, "any"), ("0", 0., "any"), ("1e-30", 1e-30, "any"), ("numpy f64", np.float64(.5), "any"), ("numpy f32", np.float32(.5), "any"),
                ("numpy int", np.int64(1), "any"), ("0-dim", torch.tensor(.5, dtype=D), "any"), ("one a row", torch.full((n,), .5, dtype=D), "any"), ("f32", torch.full((n,), .5), "any"),
                ("f16", torch.full((n,), .5).half(), "any"), ("wrong number", torch.full((n + 1,), .5), "any"), ("2-dim", torch.full((n, 1), .5), "any"), ("int tensor", torch.ones(n, dtype=torch.long), "any"),
                ("bool tensor", torch.ones(n, dtype=torch.bool), "any"), ("complex tensor", torch.full((n,), .5, dtype=torch.complex64), "error"), ("nan tensor", torch.full((n,), math.nan), "error"),
                ("1.5 tensor", torch.full((n,), 1.5), "error"), ("empty", torch.zeros(0), "any"), ("numpy", np.full(n, .5), "any"), ("list", [.5] * n, "any"), ("requires grad", torch.full((n,), .5, dtype=D, requires_grad=True), "any")]

def coefficient(v, c):
    "A number or tensor of any shape, such as a log-SNR"
    for label, w, want in times_of(v, c):
        if label not in ("-0.1", "1.5", "1.5 tensor", "inf"): yield label, w, want

def _outs(v, c, must):
    def by(h): return lambda x, *a: h(v(x, *a), x)
    yield from [("None", None, "any" if c.get("optional") else "error"), ("a number", 3, "error"), ("a str", "f", "error"), ("a class", int, "error"), ("object", object(), "error"),
                ("takes nothing", lambda: None, "error"), ("returns (B, 1)", by(lambda s, x: s.flatten(1)[:, :1]), "error"), ("returns twice the rows", by(lambda s, x: torch.cat([s, s])), "error"),
                ("returns a tuple", by(lambda s, x: (s, s)), "error"), ("returns None", by(lambda s, x: None), "error"), ("returns a list", by(lambda s, x: s.tolist()), "error"),
                ("returns numpy", by(lambda s, x: s.detach().numpy()), "error"), ("returns f16", by(lambda s, x: s.half()), "any"), ("returns bf16", by(lambda s, x: s.bfloat16()), "any"),
                ("returns f32", by(lambda s, x: s.float()), "any"), ("returns f64", by(lambda s, x: s.double()), "any"), ("returns int", by(lambda s, x: s.long()), "error"), ("returns bool", by(lambda s, x: s > 0), "error"),
                ("returns nan", by(lambda s, x: s * math.nan), "error"), ("returns one nan", by(lambda s, x: torch.where(torch.arange(s.numel()).reshape(s.shape) == 0, math.nan, s)), "error"),
                ("returns inf", by(lambda s, x: s * 0 + math.inf), "error"), ("returns complex", by(lambda s, x: s.to(torch.complex64)), "error"), ("returns a scalar", by(lambda s, x: s.mean()), "error"),
                ("returns empty", by(lambda s, x: s[:0]), "error"), ("returns on meta", by(lambda s, x: s.to("meta")), "error"), ("raises", by(lambda s, x: 1 / 0), "raises"), ("detached", by(lambda s, x: s.detach()), must)]

def score_of(v, c):
    yield from _outs(v, c, "same")
    yield "in training mode", Dropped(v), "error"

def jacobian(v, c):
    "A score through which the method differentiates"
    yield from _outs(v, c, "error")
    yield "in training mode", Dropped(v), "error"

def model_of(v, c):
    "A score in training: dropout is welcome"
    yield from _outs(v, c, "any")
    yield "in training mode", Dropped(v), "any"

def function(v, c):
    yield from [("None", None, "any"), ("a number", 3, "error"), ("a str", "f", "error"), ("object", object(), "error"), ("takes nothing", lambda: None, "error"), ("returns None", lambda *a, **k: None, "error"),
                ("returns a str", lambda *a, **k: "x", "error"), ("returns a number", lambda *a, **k: 1., "any"), ("raises", lambda *a, **k: 1 / 0, "raises")]
    if callable(v): yield from [("returns nan", lambda *a, **k: v(*a, **k) * math.nan, "error"), ("returns a tuple", lambda *a, **k: (v(*a, **k),), "error"), ("returns a row too many", lambda *a, **k: torch.cat([v(*a, **k)] * 2), "error"),
                                ("returns complex", lambda *a, **k: v(*a, **k).to(torch.complex64), "error"), ("returns numpy", lambda *a, **k: v(*a, **k).detach().numpy(), "any")]

def sde_of(v, c):
    yield from [("None", None, "error"), ("the class", type(v), "error"), ("a str", "vp", "error"), ("object", object(), "error"), ("a number", 3, "error"), ("a score", score(), "error"), ("a dict", {}, "error"),
                ("a user's own", Foreign(), "any"), ("a ladder", M.ncsn.Ladder(.1, 5., 6), "any"), ("VE", M.sde.VE(.01, 5.), "any")]

def generator_of(v, c):
    yield from [("an int", 5, "error"), ("a str", "cpu", "error"), ("numpy's", np.random.default_rng(0), "error"), ("object", object(), "error"), ("the class", torch.Generator, "error"), ("None", None, "ok"), ("a list", [], "error"), ("True", True, "error")]

def count(v, c, least=1):
    w = v if isinstance(v, int) else 2
    yield from [("-1", -1, "error"), ("2.5", 2.5, "error"), ("a str", "3", "error"), ("True", True, "error"), ("nan", math.nan, "error"), ("inf", math.inf, "error"), ("complex", 1j, "error"), ("a list", [2], "any"), ("1e30", 1e30, "error"),
                ("2^70", 2 ** 70, "error"), ("None", None, "any"), ("2.0", 2., "any"), ("0-dim", torch.tensor(2), "any"), ("numpy int64", np.int64(w), "same" if v is not None else "any"), ("numpy int32", np.int32(w), "same" if v is not None else "any"),
                ("numpy float", np.float64(2.), "any"), ("0", 0, "error" if least else "any"), ("1", 1, "any")]

def count0(v, c): yield from count(v, c, 0)

def whole(v, c):
    for label, w, want in count(v, c, 0):
        if label not in ("-1", "2^70", "1"): yield label, w, want
    yield from [("-1", -1, "any"), ("2^70", 2 ** 70, "any")]

def positive(v, c, low="error"):
    yield from [("0", 0., "any"), ("-1", -1., low), ("nan", math.nan, "error"), ("inf", math.inf, "any"), ("-inf", -math.inf, "error"), ("a str", "1", "error"), ("complex", 1j, "error"), ("a dict", {}, "error"), ("None", None, "any"), ("True", True, "any"), ("a list", [1.], "any"),
                ("0-dim", torch.tensor(.5), "any"), ("1e30", 1e30, "any"), ("1e-30", 1e-30, "any"), ("an int", 1, "any"), ("nan tensor", torch.tensor(math.nan), "error"), ("a tensor", torch.ones(2), "any")]
    if isinstance(v, (int, float)) and not isinstance(v, bool): yield from [("numpy f64", np.float64(v), "same"), ("numpy f32", np.float32(v), "near")]

def positive0(v, c): yield from positive(v, c)

def real(v, c): yield from positive(v, c, "any")

def flag(v, c): yield from [("numpy bool", np.bool_(v), "same"), ("a str", "yes", "loose"), ("None", None, "loose"), ("2", 2, "loose")]

def shape_of(v, c):
    if v is None: v = (3, 2)
    yield from [("a number", 3, "error"), ("a str", "42", "error"), ("floats", tuple(map(float, v)), "error"), ("0 rows", (0, *v[1:]), "error"), ("-1 rows", (-1, *v[1:]), "error"), ("True rows", (True, *v[1:]), "error"), ("no axes", (), "error"), ("one axis", (3,), "error"),
                ("a tensor", torch.tensor(v), "any"), ("None", None, "any"), ("list", list(v), "any same"), ("Size", torch.Size(v), "same"), ("numpy ints", tuple(map(np.int64, v)), "same"), ("another width", (*v[:-1], v[-1] + 1), "any"), ("nan", (math.nan, 2), "error"), ("strs", ("a", "b"), "error"), ("a dict", {}, "error")]

def device_of(v, c): yield from [("cuda", "cuda", "any" if torch.cuda.is_available() else "error"), ("cuda:99", "cuda:99", "error"), ("foo", "foo", "error"), ("3", 3, "any" if torch.cuda.is_available() else "error"), ("object", object(), "error"), ("meta", "meta", "any"), ("cpu", "cpu", "any same"), ("a device", torch.device("cpu"), "any same"), ("None", None, "any same")]

def dtype_of(v, c): yield from [("a str", "float32", "error"), ("int64", torch.int64, "error"), ("complex64", torch.complex64, "error"), ("bool", torch.bool, "error"), ("3", 3, "error"), ("float", float, "error"), ("numpy's", np.float32, "error"), ("f16", torch.float16, "any"), ("bf16", torch.bfloat16, "any"), ("f32", F, "ok"), ("f64", D, "ok"), ("None", None, "any")]

def choice(v, c): yield from [("nope", "nope", "error"), ("empty", "", "error"), ("3", 3, "error"), ("a list", [v], "error"), ("upper", str(v).upper() + "!", "error"), ("None", None, "any"), ("bytes", b"x", "error"), ("object", object(), "error"), ("a dict", {}, "error")]

def grid(v, c): yield from [("nope", "nope", "error"), ("rising then falling", [.1, .9, .5], "any"), ("equal", [.5, .5], "any"), ("one", [.5], "any"), ("nan", [.9, math.nan, .1], "error"), ("inf", [math.inf, .5, .1], "error"), ("negative", [.9, -.1], "error"), ("above 1", [1.5, .5], "any"), ("empty", [], "error"),
                            ("strs", ["a", "b"], "error"), ("2-dim", [[.9, .1]], "any"), ("a number", 3, "any"), ("None", None, "any"), ("numpy", np.array([1., .5, .1]), "any"), ("f32", torch.tensor([1., .5, .1]), "any"), ("f16", torch.tensor([1., .5, .1]).half(), "any"), ("ints", [1, 0], "any"), ("complex", torch.tensor([1j, .5]), "error"), ("bool", [True, False], "any"), ("a dict", {}, "error"), ("object", object(), "error"), ("tuple", (1., .5, .1), "any")]

def step_of(v, c):
    "A predictor or corrector"
    v = v or M.reverse.ReverseDiffusion()
    def by(h): return lambda score, sde, x, t, s, *, generator=None: h(*v(score, sde, x, t, s, generator=generator))
    yield from [("a number", 3, "error"), ("a str", "ddim", "error"), ("the class", type(v), "error"), ("object", object(), "error"), ("takes nothing", lambda: None, "error"), ("a lambda", by(lambda x, m: (x, m)), "same" if c.get("given") else "any"), ("returns a tensor", by(lambda x, m: x), "error"),
                ("returns three", by(lambda x, m: (x, m, m)), "error"), ("returns None", by(lambda x, m: None), "error"), ("returns (B, 1)", by(lambda x, m: (x[:, :1], m)), "error"), ("returns a narrow mean", by(lambda x, m: (x, m[:, :1])), "any"), ("returns nan", by(lambda x, m: (x * math.nan, m)), "error"), ("returns numpy", by(lambda x, m: (x.numpy(), m)), "error"),
                ("returns int", by(lambda x, m: (x.long(), m)), "error"), ("returns complex", by(lambda x, m: (x.to(torch.complex64), m)), "error"), ("returns f32", by(lambda x, m: (x.float(), m.float())), "any"), ("raises", by(lambda x, m: 1 / 0), "raises"), ("None", None, "any")]

def operator_of(v, c):
    yield from [("None", None, "error"), ("a number", 3, "error"), ("a str", "blur", "error"), ("object", object(), "error"), ("a function", lambda x: x, "error"), ("the class", type(v), "error"), ("a tensor", torch.eye(2), "error"), ("a dict", {}, "error"),
                ("of another shape", M.operators.Matrix(torch.ones(1, 7, dtype=D)), "error"), ("not linear", M.operators.Operator(lambda x: v(x) ** 2, v.in_shape) if getattr(v, "in_shape", None) else None, "any")]

def labels_of(v, c):
    n = len(v) if isinstance(v, (Tensor, list, np.ndarray)) else c.get("n", 3)
    yield from [("-1", -1, "any"), ("99", 99, "any"), ("1.0", 1., "any"), ("True", True, "any"), ("a str", "1", "error"), ("nan", math.nan, "any"), ("wrong number", torch.zeros(n + 1, dtype=torch.long), "error"), ("floats", torch.zeros(n), "any"), ("negative", torch.full((n,), -1), "any"), ("too large", torch.full((n,), 99), "any"), ("2-dim", torch.zeros(n, 1, dtype=torch.long), "any"),
                ("bools", torch.zeros(n, dtype=torch.bool), "any"), ("list", [0] * n, "any"), ("numpy", np.zeros(n, dtype=np.int64), "any"), ("int32", torch.zeros(n, dtype=torch.int32), "any"), ("uint8", torch.zeros(n, dtype=torch.uint8), "any"), ("complex", torch.zeros(n, dtype=torch.complex64), "error"), ("nans", torch.full((n,), math.nan), "any"), ("None", None, "any"), ("object", object(), "error"), ("strs", ["a"] * n, "any"), ("empty", torch.zeros(0, dtype=torch.long), "any"), ("numpy int", np.int64(0), "any")]

def pair(v, c): yield from [("None", None, "any"), ("a number", 3, "error"), ("a str", "ab", "error"), ("one", (1.,), "error"), ("three", (0., .5, 1.), "error"), ("falling", (1., 0.), "any"), ("equal", (.5, .5), "any"), ("nan", (0., math.nan), "error"), ("inf", (0., math.inf), "any"), ("strs", ("a", "b"), "error"), ("list", list(v) if v else [0., 1.], "any"), ("numpy", np.array(v or (0., 1.)), "any"), ("complex", (0., 1j), "error"), ("a dict", {}, "error"), ("tensor", torch.tensor(v or (0., 1.)), "any"), ("bools", (False, True), "any")]

def anything(v, c): yield from [("None", None, "any"), ("a number", 3, "any"), ("nan", math.nan, "any"), ("a str", "f", "any"), ("object", object(), "any"), ("a dict", {}, "any"), ("a list", [], "any"), ("a tensor", torch.ones(2), "any"), ("nan tensor", torch.full((2,), math.nan), "any"), ("a class", int, "any"), ("a function", lambda *a: None, "any"), ("True", True, "any"), ("bytes", b"x", "any"), ("complex", 1j, "any"), ("numpy", np.ones(2), "any")]

def wrong(v, c):
    "Something of one kind only, such as a density or a network"
    for label, w, want in anything(v, c): yield label, w, "any" if label == "None" else "error"
    yield "the class", type(v), "error"

def path_of(v, c): yield from [("a number", 3, "error"), ("None", None, "any"), ("empty", "", "any"), ("object", object(), "error"), ("a list", [], "error"), ("bytes", b"x", "any"), ("Path", Path(str(v)) if v else Path("here"), "any"), ("nowhere", "/dev/null/at/all/x.png", "any"), ("a zero", "a\0b", "error"), ("nan", math.nan, "error"), ("a dict", {}, "error")]

def text(v, c): yield from [("None", None, "any"), ("a number", 3, "any"), ("object", object(), "any"), ("bytes", b"x", "any"), ("a list", [], "any"), ("empty", "", "any")]

KINDS = dict(batch=batch, measured=measured, uint8=uint8, time=times_of, coefficient=coefficient, score=score_of, jacobian=jacobian, model=model_of, function=function, sde=sde_of,
             generator=generator_of, count=count, count0=count0, whole=whole, positive=positive, positive0=positive0, real=real, flag=flag, shape=shape_of, device=device_of, dtype=dtype_of,
             choice=choice, grid=grid, step=step_of, operator=operator_of, labels=labels_of, pair=pair, anything=anything, wrong=wrong, path=path_of, text=text)


# The public names

@cache
def public():
    "{qualified name: object}: what `__all__` holds in any module, the methods of its classes"
    out = {}
    for info in pkgutil.walk_packages(score_nb.__path__, "score_nb."):
        if info.name.split(".")[-1].startswith("_"): continue
        module = importlib.import_module(info.name)
        for name in getattr(module, "__all__", ()):
            out[name] = getattr(module, name)
    classes = {k: v for k, v in out.items() if isinstance(v, type)}
    for name, cls in classes.items():
        for m, f in methods(cls, set(classes.values())).items(): out[f"{name}.{m}"] = f
    return out

# What solvers call on the objects they are given, and chapters on the model: users call the solver
HOOKS = {"coefs", "move", "moves", "guide", "plan", "check", "Discrete.knots", "Discrete.level", "Twisted.of",
         *(f"{m}.{n}" for m in ("Replacement", "PiGDM", "DPS", "MMPS", "Twisted") for n in ("sample", "score")),
         "UNet.encode", "UNet.decode", "Operator.check_y",
         *(f"ScoreModel.{m}" for m in ("angle", "checked", "combine", "features", "noise", "raw", "size", "weighting"))}

def methods(cls, classes):
    "What a class defines itself or has from a class that is not public; `forward` of a network is its call; an override belongs to the class above"
    ours = [c for c in cls.__mro__ if c.__module__.startswith("score_nb")]
    above = {n for c in ours[1:] if c in classes for n in vars(c)}
    out = {}
    for c in ours:
        if c is not cls and c in classes: continue
        for n, f in vars(c).items():
            if n == "forward" and issubclass(cls, nn.Module): n = "__call__"
            if not (inspect.isroutine(f) or isinstance(f, (classmethod, staticmethod))) or n.startswith("_") and n != "__call__": continue
            if n in above or n in HOOKS or f"{cls.__name__}.{n}" in HOOKS: continue
            out.setdefault(n, f if inspect.isfunction(f) else getattr(cls, n))
    return out

def specs():
    "{module: its calls}, from the files beside this one"
    out = {}
    for p in sorted(Path(__file__).parent.glob("*.py")):
        if p.stem not in ("__init__", "engine"): out[p.stem] = importlib.import_module(f"contract.{p.stem}").SPEC
    return out

def arguments(c, target):
    "{argument: its value in the valid call}; all that the signature names, and all that the call gives"
    base = c.base()
    f = getattr(target, "__func__", target)
    params = inspect.signature(f).parameters if target is not None else {}
    for p in params.values():
        if p.name in ("self", "cls") or p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) or p.name in base: continue
        base[p.name] = None if p.default is p.empty else p.default
    return base

def kind_of(c, arg): return c.kinds.get(arg) or BY_NAME.get(arg)


# Running

class Hang(BaseException): pass

def _ring(*_): raise Hang

def attempt(f, kw, limit=LIMIT):
    "('ok', result), ('error', exception) or ('hang', None)"
    signal.signal(signal.SIGALRM, _ring)
    torch.manual_seed(0)
    np.random.seed(0)
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        r = f(**kw)
        if inspect.isgenerator(r): r = list(r)
        return "ok", r
    except Hang: return "hang", None
    except (KeyboardInterrupt, SystemExit): raise
    except BaseException as e: return "error", e
    finally: signal.setitimer(signal.ITIMER_REAL, 0)

def leaves(r, depth=0):
    "Tensors and numbers in a result, in order"
    if isinstance(r, Tensor): yield r
    elif isinstance(r, (bool, int, float, np.number)): yield torch.as_tensor(r)
    elif isinstance(r, np.ndarray) and r.dtype != object and r.dtype.kind not in "USO": yield torch.as_tensor(r)
    elif depth > 6: return
    elif isinstance(r, dict): 
        for v in r.values(): yield from leaves(v, depth + 1)
    elif isinstance(r, (list, tuple)):
        for v in r: yield from leaves(v, depth + 1)
    elif dataclasses.is_dataclass(r) and not isinstance(r, type):
        for k in dataclasses.fields(r): yield from leaves(getattr(r, k.name, None), depth + 1)

def plan(c):
    "The function that a call runs"
    owner, name = (c.name.split("/")[0].split(".") + [None])[:2]
    target = public().get(c.name.split("/")[0])
    if c.run: f = c.run
    elif c.on: f = getattr(c.on(), name)
    else: f = target
    return (lambda **kw: c.then(f(**kw))) if c.then else f

def names(message, arg, c):
    words = [arg, *c.alias, *{"shape": ["x"], "generator": [], "x0": ["x"], "z": ["x"], "images": ["x"], "data": ["loss"], "operator": ["op"]}.get(arg, [])]
    if kind_of(c, arg) == "step": words.append("state") # "the state became NaN in step 3"
    return any(re.search(rf"(?<![A-Za-z_]){re.escape(w)}(?![A-Za-z_])", message) for w in words)

FORMS = {"rank - 1", "rank + 1", "0-dim", "f16", "bf16", "f32", "f64", "empty", "no axis", "one row", "many rows", "twice as wide", "another width", "wrong number", "a tensor", "None", "of another shape"}

def alike(a, b, tol):
    return len(a) == len(b) and all(p.shape == q.shape and torch.allclose(p.detach().cpu().to(torch.complex128), q.detach().cpu().to(torch.complex128), rtol=tol, atol=tol, equal_nan=True) for p, q in zip(a, b))

def raised(frame):
    "Is it a `raise` of ours, not an error that torch or Python met in a line of ours?"
    return frame.filename.startswith(OURS) and re.search(r"\braise\b", linecache.getline(frame.filename, frame.lineno)) is not None

def judge(c, arg, label, want, state, r, good):
    "'good', or what is wrong, and the words that came"
    if state == "hang": return "HANG", f"more than {LIMIT} s"
    if state == "error":
        words = f"{type(r).__name__}: {(str(r) or '-').splitlines()[0][:200]}"
        frames = traceback.extract_tb(r.__traceback__)
        where = next((f"{Path(k.filename).stem}:{k.lineno}" for k in reversed(frames) if k.filename.startswith(OURS)), "?")
        if want == "raises" and isinstance(r, ZeroDivisionError): return "good", words
        allowed = (TypeError, ValueError, FloatingPointError, OSError, ImportError, *c.errors)
        if not isinstance(r, allowed) or not raised(frames[-1]): return "INSIDE", f"{words} [{where}]"
        partner = label in FORMS and re.match(rf"({'|'.join(map(re.escape, c.base()))})\b", str(r)) # two that do not fit: either may be named
        if not partner and not names(str(r), arg, c): return "NOT NAMED", f"{words} [{where}]"
        if want in ("ok", "same", "near"): return "REFUSED", f"{words} [{where}]"
        return "good", words
    ls = list(leaves(r))
    words = "-> " + (", ".join(f"{tuple(v.shape)} {str(v.dtype)[6:]}" for v in ls[:4]) or type(r).__name__)
    if any(v.device.type == "meta" for v in ls): return "SILENT", words + " on meta"
    bad = [v for v in ls if not bool((v == v).all()) or not c.inf and (v.is_floating_point() or v.is_complex()) and not bool(torch.isfinite(v).all())]
    if bad: return "SILENT NAN", words + f" {bad[0].flatten()[~torch.isfinite(bad[0].flatten())][:1].tolist()}"
    if want == "loose" or c.loose and want == "any": return "good", words
    if type(r) is not type(good[0]) and not (isinstance(r, (int, float)) and isinstance(good[0], (int, float))): return "WRONG TYPE", f"{type(r).__name__} instead of {type(good[0]).__name__}"
    if [v.is_floating_point() for v in ls][:1] != [v.is_floating_point() for v in good[1]][:1]: return "WRONG TYPE", words
    if any(v.is_complex() for v in ls) and not any(v.is_complex() for v in good[1]): return "WRONG TYPE", words
    if want in ("error", "raises"):
        unused = good[2] and alike(ls, good[1], 0)
        return ("good" if unused and kind_of(c, arg) in ("generator", "device", "dtype") else "IGNORED" if unused else "ACCEPTED"), words
    if want in ("same", "any same", "near") and good[2]:
        tol = 1e-3 if want == "near" else 1e-5
        if not alike(ls, good[1], tol): return "WRONG", words + " differs from the valid call"
    return "good", words

def cases(c):
    "(argument, label, value, what must come of it)"
    base = arguments(c, public().get(c.name.split("/")[0]))
    x = next((v for v in base.values() if isinstance(v, Tensor) and v.ndim), None)
    for arg in base:
        if arg in c.skip or "*" in c.skip: continue
        kind = kind_of(c, arg)
        if kind is None: continue
        ctx = dict(n=len(x) if x is not None else 3, given=base[arg] is not None, optional=base[arg] is None)
        if x is not None: ctx["like"] = x
        for label, v, want in KINDS[kind](c.base().get(arg, base[arg]), ctx):
            if not ctx["given"] and want in ("same", "any same", "near"): want = "any"
            yield arg, label, v, c.allow.get(f"{arg}: {label}", c.allow.get(f"{arg}: *", want))

def one(f, kw, limit=LIMIT):
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return attempt(f, kw, limit)

def places(e): return "".join(f" {Path(k.filename).stem}:{k.lineno}" for k in traceback.extract_tb(e.__traceback__)[-3:])

def run(c):
    "Rows (name, argument, case, outcome, words) of one call"
    if c.needs and importlib.util.find_spec(c.needs) is None: return []
    try: f, kw, tried = plan(c), c.base(), list(cases(c))
    except Exception as e: return [(c.name, "", "valid", "BROKEN", f"{e!r:.300}{places(e)}")]
    state, r = one(f, kw, 60) # the first call may load data
    if state != "ok":
        return [(c.name, "", "valid", "BROKEN", f"{state} {r!r:.300}{places(r) if r is not None else ''}")]
    ls = list(leaves(r))
    again = list(leaves(one(f, c.base())[1]))
    same = c.same and len(ls) == len(again) and all(p.shape == q.shape and torch.equal(torch.nan_to_num(p), torch.nan_to_num(q)) for p, q in zip(ls, again))
    good = (r, ls, same)
    out = [(c.name, "", "valid", *judge(c, "", "valid", "ok", "ok", r, good))]
    def inside(**kw):
        with torch.inference_mode(): return f(**kw)
    out.append((c.name, "", "under inference_mode", *judge(c, "", "inference", c.allow.get("inference_mode", "same"), *one(inside, c.base()), good)))
    for arg, label, v, want in tried:
        if want == "skip": continue
        kw = c.base()
        kw[arg] = v
        out.append((c.name, arg, label, *judge(c, arg, label, want, *one(f, kw), good)))
    return out
