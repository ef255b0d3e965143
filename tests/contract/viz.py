from .engine import M, call, gm, pictures, points

import tempfile
import matplotlib.pyplot as plt, torch
def on_axes(name):
    def f(**k):
        try: getattr(M.viz, name)(plt.subplots()[1], **k)
        finally: plt.close("all")
        return 0
    return f
def closed(r): plt.close("all"); return 0
SPEC = [
    call("panels", lambda: dict(n=2), then=closed, figsize="pair"),
    call("plane", lambda: dict(n=4), then=tuple),
    call("show_density", lambda: dict(log_prob=gm().log_prob, n=6), run=on_axes("show_density"), skip=("ax",)),
    call("show_field", lambda: dict(field=gm().score, n=4), run=on_axes("show_field"), field="function", color="text", skip=("ax",), allow={"color: *": "skip"}),
    call("show_samples", lambda: dict(x=points(), role="data", n=5), run=on_axes("show_samples"), skip=("ax",)),
    call("show_paths", lambda: dict(t=torch.linspace(0, 1, 3), x=points(3), role="model", n=2), run=on_axes("show_paths"), t="batch", skip=("ax",)),
    call("show_images", lambda: dict(x=pictures(), ncol=2, scale=1.), then=closed, scale="positive", ax="anything", allow={"ax: *": "any"}),
    call("save_figure", lambda: dict(path=tempfile.mkdtemp() + "/a.png", dpi=20.), run=lambda path, dpi: (M.viz.save_figure(plt.subplots()[1], path, dpi=dpi), plt.close("all"), 0)[2], dpi="positive", skip=("ax",)),
    call("animate", lambda: dict(frames=[pictures(), pictures()], fps=8., hold=1., max_kb=400.), then=lambda r: 0, frames="anything", fps="positive", hold="positive", max_kb="positive", alt="text"),
    call("slider", lambda: dict(draw=lambda v: pictures(), values=[0., 1.], name="t", start=0, max_kb=400.), then=lambda r: 0, draw="anything", values="anything", name="text", start="anything", max_kb="positive", alt="text"),
]
