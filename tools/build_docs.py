"""Build the website into _docs/, or renew README.md from nbs/index.ipynb.

    python tools/build_docs.py            # nbdev's notebook processing, then smalldocs
    python tools/build_docs.py --readme   # README.md and its pictures (index_files/)
"""
import argparse, ast, os, re, shutil, subprocess, sys
from pathlib import Path
from urllib.parse import unquote, urlsplit
from dress import Page, dress, signatures

ROOT = Path(__file__).resolve().parent.parent


def in_order(show):
    "nbdev's `add_show_docs` with the entries of one cell in the order of the code; by itself it lists the last function first"
    class InOrder(show):
        def begin(self):
            names = show.begin.__globals__["_def_names"]
            show.begin.__globals__["_def_names"] = lambda cell, shown: names(cell, shown)[::-1]
            try: super().begin()
            finally: show.begin.__globals__["_def_names"] = names
    return InOrder


def process():
    "nbdev's own processing of the notebooks (directives, API entries) into _proc/; what is not public is shown too"
    from nbdev import processors
    from nbdev.serve import proc_nbs

    class Plumbing(processors.Processor):
        "In place of nbdev's `rm_export`, which drops `exporti` cells: a chapter shows them folded, a page of numerics open"
        def __call__(self, cell):
            keys = set(cell.directives_ or ())
            if keys & (processors._hide_dirs - {"exporti"}): del cell["source"]
            elif "exporti" in keys and "code-fold:" not in keys and Path(self.nb.path_).parent.name != "numerics":
                names = re.findall(r"^(?:def|class) (\w+)", cell.source, re.M)
                cell.source = f'#| code-fold: true\n#| code-summary: "Code: {", ".join(names) or "plumbing"}"\n' + cell.source
            lines = [l for l in cell.get("source", "").splitlines() if l.strip() and not l.startswith(("#", " ", ")"))]
            imports = lines and all(re.match("import |from ", l) for l in lines)
            if Path(self.nb.path_).parent.name == "numerics" and cell.cell_type == "code" and lines and not keys and not cell.get("outputs"): # what only the tests need
                kind = "Imports" if imports else "Test" if re.search(r"assert|expect_fail", cell.source) else "For the tests"
                cell.source = f'#| code-fold: true\n#| code-summary: "{kind}"\n' + cell.source
            if "code-fold: true" in cell.get("source", "") and "code-summary" not in cell.source and imports:
                cell.source = '#| code-summary: "Imports"\n' + cell.source

    class Sources(processors.Processor):
        "In place of nbdev's `mv_exports`: the code of an `exports` cell behind the entries of all its functions, not of the first alone"
        def begin(self):
            cells = self.nb.cells
            for cell in [c for c in cells if c.cell_type == "code" and "exports" in c.directives_]:
                i = next(k for k, c in enumerate(cells) if c is cell)
                own = {n.name for n in ast.walk(ast.parse(re.sub(r"^\s*#\|.*$", "", cell.source, flags=re.M))) if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
                def entry(c): return getattr(c, "has_sd", 0) and re.search(r"show_doc\((?:\w+\.)*(\w+)", c.source)
                while i + 1 < len(cells) and (e := entry(cells[i + 1])) and e[1] in own: cells[i], cells[i + 1], i = cells[i + 1], cells[i], i + 1

    processors.rm_export, processors.add_show_docs, processors.mv_exports = Plumbing, in_order(processors.add_show_docs), Sources
    os.chdir(ROOT)
    return proc_nbs(force=True, n_workers=0) # here: a worker would not know `Plumbing`


def build(out=ROOT / "_docs"):
    "Render the processed notebooks with smalldocs"
    cache = process()
    signatures(cache)
    shutil.rmtree(out, ignore_errors=True)
    exe = Path(sys.executable).parent / "smalldocs"
    subprocess.run([exe, "render", "--quiet", str(cache)], check=True)
    shutil.move(cache / "_docs", out)
    from nbdev.config import get_config
    dress(out, f"{get_config().doc_host}{get_config().doc_baseurl}")
    return out


def broken_links(site):
    "Internal links of a built site that lead nowhere, as 'page: link'"
    pages = {p: Page(p.read_text(encoding="utf-8")) for p in site.rglob("*.html")}
    bad = []
    for p, page in pages.items():
        for link in page.links:
            u = urlsplit(link)
            if u.scheme or u.netloc or link.startswith("data:"): continue
            base = site if u.path.startswith("/") else p.parent
            target = (base / unquote(u.path).lstrip("/")).resolve() if u.path else p
            if target.is_dir(): target = target / "index.html"
            if not target.exists(): bad.append(f"{p.name}: {link}")
            elif u.fragment and target in pages and unquote(u.fragment) not in pages[target].anchors: bad.append(f"{p.name}: {link}")
    return bad


def readme(folder=ROOT):
    "Write README.md and its pictures below `folder`, from the outputs stored in nbs/index.ipynb"
    from nbconvert import MarkdownExporter
    import nbformat
    nb = nbformat.read(ROOT / "nbs" / "index.ipynb", as_version=4)
    hidden = lambda c: c.cell_type == "code" and re.search(r"^#\|\s*(hide|default_exp|include:\s*false)", c.source, re.M)
    nb.cells = [c for c in nb.cells if not hidden(c)]
    for c in nb.cells:
        if c.cell_type == "code":
            c.outputs = [o for o in c.outputs if "nb-caption" not in o.get("data", {}).get("text/html", "")]
            alt = re.search(r'^#\|\s*fig-alt:\s*"?(.*?)"?$', c.source, re.M)
            folded = re.search(r"^#\|\s*(echo:\s*false|code-fold:\s*true)", c.source, re.M)
            c.metadata["alt"] = alt.group(1) if alt else "figure"
            c.source = "" if folded else re.sub(r"^#\|.*\n?", "", c.source, flags=re.M)
        else: c.source = re.sub(r"\]\(((?!https?:)[^)#]+\.ipynb)", r"](nbs/\1", c.source)
    body, res = MarkdownExporter().from_notebook_node(nb, {"output_files_dir": "index_files", "unique_key": "fig"})
    alts = iter([c.metadata["alt"] for c in nb.cells if c.cell_type == "code" for o in c.outputs if "image/png" in o.get("data", {})])
    body = re.sub(r"!\[png\]", lambda m: f"![{next(alts)}]", body)
    body = re.sub(r"```(python)?\s*```\n*", "", body)
    body = re.sub(r"(^|\n)\n```\n(?=\S)", r"\1\n```python\n", body)
    body = "<!-- WARNING: THIS FILE WAS AUTOGENERATED! DO NOT EDIT! File to edit: nbs/index.ipynb -->\n\n" + re.sub(r"\n\s*\n(\s*\n)*(?=\S)", "\n\n", body).strip() + "\n"
    files = {}
    for name, data in res.get("outputs", {}).items(): # an animation is stored under the name of a PNG
        real = name.removesuffix(".png") + ".webp" if data[8:12] == b"WEBP" else name
        files[real], body = data, body.replace(name, real)
    shutil.rmtree(folder / "index_files", ignore_errors=True)
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True); (folder / name).write_bytes(data)
    (folder / "README.md").write_text(body)
    return folder / "README.md"


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--readme", action="store_true")
    if ap.parse_args().readme: return print(readme())
    site = build()
    bad = broken_links(site)
    if bad: sys.exit("broken links:\n  " + "\n  ".join(bad))
    print(f"{len(list(site.rglob('*.html')))} pages in {site}")


if __name__ == "__main__": main()
