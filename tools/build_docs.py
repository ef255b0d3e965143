"""Build the website into _docs/, or renew README.md from nbs/index.ipynb.

    python tools/build_docs.py            # nbdev's notebook processing, then smalldocs
    python tools/build_docs.py --readme   # README.md and its pictures (index_files/)
"""
import argparse, os, re, shutil, subprocess, sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent


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

    processors.rm_export = Plumbing
    os.chdir(ROOT)
    return proc_nbs(force=True, n_workers=0) # here: a worker would not know `Plumbing`


class Page(HTMLParser):
    "Collects the links and anchors of a page"
    def __init__(self, text):
        super().__init__(); self.links, self.anchors = [], set(); self.feed(text)
    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if a.get("id"): self.anchors.add(a["id"])
        self.links += [a[k] for k in ("href", "src") if a.get(k)]


def polish(site, base):
    """What Quarto does by itself and smalldocs does not: links to the API, and maths in captions.

    nbdev links a name to `base`/module.html, numbers taken off; the pages here are NN_module.html. In the comments
    of a signature, which are code, such a link stands as Markdown. A helper without an entry of its own gets its page.
    """
    texts = {p.relative_to(site).as_posix(): p.read_text(encoding="utf-8") for p in site.rglob("*.html")}
    pages = {re.sub(r"^\d+_", "", name.removesuffix(".html")): name for name in texts}
    anchors = {name: Page(text).anchors for name, text in texts.items()}
    root = re.escape(base.rstrip("/"))

    def here(m, up):
        page, anchor = pages.get(m[1]), (m[2] or "")[1:]
        if page is None: return m[0]
        return up + page + (f"#{anchor}" if unquote(anchor) in anchors[page] else "")

    for name, text in texts.items():
        text = re.sub(rf"\[`([^`\]]+)`\]\(({root}[^\s)]*)\)", r'<a href="\2">\1</a>', text)
        text = re.sub(rf"{root}/((?:numerics/)?\w+)\.html(#[^\s)\"<]*)?(?=\")", lambda m: here(m, "../" * name.count("/")), text)
        text = re.sub(r"<figcaption>.*?</figcaption>", lambda m: re.sub(r"\$([^$<]+)\$", r'<span class="math inline">\\(\1\\)</span>', m[0]), text, flags=re.S)
        (site / name).write_text(text, encoding="utf-8")


def build(out=ROOT / "_docs"):
    "Render the processed notebooks with smalldocs"
    cache = process()
    shutil.rmtree(out, ignore_errors=True)
    exe = Path(sys.executable).parent / "smalldocs"
    subprocess.run([exe, "render", "--quiet", str(cache)], check=True)
    shutil.move(cache / "_docs", out)
    from nbdev.config import get_config
    polish(out, f"{get_config().doc_host}{get_config().doc_baseurl}")
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
    shutil.rmtree(folder / "index_files", ignore_errors=True)
    for name, data in res.get("outputs", {}).items():
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
