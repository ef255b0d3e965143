"""Run notebooks whole, keep their outputs, clean them, and record which source the outputs belong to.

    python tools/run_notebooks.py            # those whose outputs are stale
    python tools/run_notebooks.py --all
    python tools/run_notebooks.py nbs/02_densities.ipynb
    python tools/run_notebooks.py --slow nbs/14_correctors.ipynb   # the cells marked `#| slow` too; without it they keep their outputs
"""
import argparse, hashlib, html, json, os, re, sys, time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAMPS = ROOT / "nbs" / "outputs.json"


def notebooks():
    "All notebooks of the book, checkpoints and build folders left out"
    return sorted(p for p in (ROOT / "nbs").rglob("*.ipynb") if not any(q.startswith((".", "_")) for q in p.relative_to(ROOT / "nbs").parts))


def fingerprint(path):
    "Hash of the code cells, in order: what the stored outputs must come from"
    cells = json.loads(path.read_text())["cells"]
    code = [[c["id"], "".join(c["source"])] for c in cells if c["cell_type"] == "code"]
    return hashlib.sha256(json.dumps(code).encode()).hexdigest()[:16]


def stamps(): return json.loads(STAMPS.read_text()) if STAMPS.exists() else {}


def stale():
    "Notebooks whose code changed since their outputs were stored"
    known = stamps()
    return [p for p in notebooks() if known.get(p.relative_to(ROOT).as_posix()) != fingerprint(p)]


def drop_widgets(nb):
    "A widget needs a kernel: a stored one shows as nothing, or as its name. The static figure beside it stays"
    for c in nb.cells:
        if c.cell_type != "code": continue
        c.outputs = [o for o in c.outputs if not any("widget" in mime for mime in o.get("data", {}))]
    nb.metadata.pop("widgets", None)


def join_streams(nb):
    "What a loop prints is one text; the kernel sends it in pieces, which the site would show as paragraphs"
    for c in nb.cells:
        if c.cell_type != "code": continue
        joined = []
        for o in c.outputs:
            if joined and o.output_type == joined[-1].output_type == "stream" and o.name == joined[-1].name: joined[-1].text += o.text
            else: joined.append(o)
        c.outputs = joined


def dress(nb):
    """What JupyterLab and GitHub need: code that the site folds is folded in Lab too, and captions stand below their figures.

    The site's style sheet hides the latter, since the site has captions of its own."""
    import nbformat
    for c in nb.cells:
        if c.cell_type != "code": continue
        c.metadata.pop("jupyter", None)
        if re.search(r"^#\|\s*(code-fold: true|echo: false)", c.source, re.M): c.metadata["jupyter"] = {"source_hidden": True}
        c.outputs = [o for o in c.outputs if "nb-caption" not in o.get("data", {}).get("text/html", "")]
        cap = re.search(r'^#\| fig-cap: *"?(.*?)"?$', c.source, re.M)
        if cap and c.outputs:
            text = f'<p class="nb-caption"><em>{html.escape(cap[1])}</em></p>'
            c.outputs.append(nbformat.v4.new_output("display_data", {"text/html": text, "text/plain": cap[1]}))


def clean(path):
    from nbdev.clean import nbdev_clean
    nbdev_clean(str(path))


def run(path, timeout=900, slow=False):
    "Execute in a fresh kernel; the file is rewritten only if every cell ran"
    import nbformat
    from nbclient import NotebookClient
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline" # another one would store no figures
    nb = nbformat.read(path, as_version=4)
    skipped = {i: c for i, c in enumerate(nb.cells) if c.cell_type == "code" and any(f"#| {f}" in c.source for f in ("gpu", "eval: false") + (() if slow else ("slow",)))}
    for i, c in skipped.items(): nb.cells[i] = nbformat.v4.new_raw_cell("")
    NotebookClient(nb, timeout=7200 if slow else timeout, resources={"metadata": {"path": str(path.parent)}}).execute()
    for i, c in skipped.items(): nb.cells[i] = c
    drop_widgets(nb); join_streams(nb); dress(nb)
    nbformat.write(nb, path)
    clean(path)
    known = stamps() | {path.relative_to(ROOT).as_posix(): fingerprint(path)}
    STAMPS.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--dress", action="store_true", help="only fold code and write captions, from what is stored")
    ap.add_argument("paths", nargs="*", type=Path); ap.add_argument("--all", action="store_true"); ap.add_argument("--slow", action="store_true")
    a = ap.parse_args()
    if a.dress:
        import nbformat
        for p in notebooks(): nb = nbformat.read(p, as_version=4); dress(nb); nbformat.write(nb, p); clean(p)
        return
    for p in [q.resolve() for q in a.paths] or (notebooks() if a.all else stale()):
        t = time.time(); run(p, slow=a.slow); print(f"{p.name}: {time.time() - t:.0f} s", flush=True)


if __name__ == "__main__": sys.exit(main())
