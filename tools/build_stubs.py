"""What an editor and `help()` see, written from the source of the exported modules, which is read and not imported.

`score_nb/**/*.pyi`: every name with its full signature; methods that a chapter adds to a class (`@patch`) stand in the class.
`score_nb/_docs.py`: for every public name the docstring with its parameters, made from the comments behind them."""
import argparse, ast, copy, io, re, tokenize
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SITE = "https://score-nb.github.io/score_nb"
KEPT = {"property", "staticmethod", "classmethod", "dataclass", "overload", "contextmanager", "cached_property", "total_ordering"}
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


class Module:
    "One exported file: its tree, its comments by line, and where each of its names comes from"
    def __init__(self, path, package="score_nb"):
        self.path, text = path, path.read_text(encoding="utf-8")
        parts = (package, *path.relative_to(ROOT / package).with_suffix("").parts)
        self.name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        self.folder = parts[:-1]
        self.tree, self.public = ast.parse(text), None
        self.comment = {t.start[0]: t.string.lstrip("# ").strip() for t in tokenize.generate_tokens(io.StringIO(text).readline)
                        if t.type == tokenize.COMMENT}
        m = re.search(r"^# %% (?:\.\./)+(nbs/.*)\.ipynb", text, re.M)
        self.notebook = m and m.group(1)
        self.body = list(flat(self.tree.body))
        self.origin = {}
        for n in self.body: self.bind(n)

    def bind(self, n):
        if isinstance(n, ast.Import):
            for a in n.names: self.origin[a.asname or a.name.split(".")[0]] = (a.name if a.asname else a.name.split(".")[0], None)
        elif isinstance(n, ast.ImportFrom):
            base = ".".join([*self.folder[:len(self.folder) - n.level + 1], *filter(None, [n.module])]) if n.level else n.module
            for a in n.names: self.origin[a.asname or a.name] = (base, a.name)
        elif isinstance(n, (*FUNCTION, ast.ClassDef)):
            if not patched(n): self.origin[n.name] = (self.name, n.name)
        else:
            for t in targets(n):
                if t == "__all__": self.public = ast.literal_eval(n.value)
                self.origin[t] = (self.name, t)


def flat(body):
    "Statements of a module, those inside `if` and `try` too"
    for n in body:
        if isinstance(n, (ast.If, ast.Try)):
            yield from flat(n.body)
            if isinstance(n, ast.If): yield from flat(n.orelse)
        else: yield n

def targets(n):
    "Names that an assignment binds"
    ts = n.targets if isinstance(n, ast.Assign) else [n.target] if isinstance(n, ast.AnnAssign) else []
    return [u.id for t in ts for u in (t.elts if isinstance(t, ast.Tuple) else [t]) if isinstance(u, ast.Name)]

def decorator(d):
    "Its last name: dataclass for @dataclass(frozen=True)"
    d = d.func if isinstance(d, ast.Call) else d
    return d.id if isinstance(d, ast.Name) else d.attr if isinstance(d, ast.Attribute) else ""

def patched(n):
    "Decorator of a method that is added to a class defined elsewhere"
    return next((d for d in n.decorator_list if decorator(d) in ("patch", "patch_to")), None) if isinstance(n, FUNCTION) else None

def classes_of(annotation):
    "Names in `self:A`, `self:A|B`, `self:(A, B)`"
    return [x.id for x in ast.walk(annotation) if isinstance(x, ast.Name)] if annotation else []


# Docstrings

def entries(mod, args, skip_self):
    "(name, type, default, comment) of each parameter"
    a, out = args, []
    pos = [*a.posonlyargs, *a.args]
    rows = list(zip(pos, [None] * (len(pos) - len(a.defaults)) + a.defaults))
    rows = [("", p, d) for p, d in rows[skip_self:]]
    rows += [("*", a.vararg, None)] * bool(a.vararg) + [("", p, d) for p, d in zip(a.kwonlyargs, a.kw_defaults)]
    rows += [("**", a.kwarg, None)] * bool(a.kwarg)
    for star, p, d in rows: out.append((star + p.arg, p.annotation, d, mod.comment.get((d or p).end_lineno, ""), p.end_lineno))
    last = {}
    for e in out: last[e[4]] = e[0] # a comment belongs to the last parameter of its line
    return [(n, t, d, c if last[line] == n else "") for n, t, d, c, line in out]

def returned(mod, f):
    "Comment behind the result"
    first = f.body[0].lineno
    ends = [x.end_lineno for x in [*f.args.args, *f.args.kwonlyargs, *filter(None, [f.args.vararg, f.args.kwarg, f.returns])]]
    lo = f.returns.end_lineno if f.returns else max(ends, default=f.lineno) + 1
    return next((mod.comment[k] for k in range(lo, first) if k in mod.comment), "")

def section(title, rows): return f"\n\n{title}\n{'-' * len(title)}\n" + "\n".join(rows) if rows else ""

def words(doc):
    "A one-line docstring -> what it does, what it raises"
    doc = " ".join((doc or "").split())
    m = re.match(r"(.*?)[;,:] ((?:`\w*Error`|errors).*)$", doc)
    return (m.group(1).rstrip(".") + ".", m.group(2)[0].upper() + m.group(2)[1:]) if m and m.group(1) else (doc, "")

def document(mod, doc, params, result=None):
    "The whole docstring"
    first, raises = words(doc)
    rows = []
    for name, kind, default, comment in params:
        head = [ast.unparse(kind)] if kind is not None else []
        if default is not None: head.append(f"default {ast.unparse(default)}")
        rows.append(f"{name} : {', '.join(head)}" if head else name)
        if comment: rows.append(f"    {comment}")
    text = first + section("Parameters", rows if any(kind is not None or comment for _, kind, _, comment in params) else [])
    if result and (result[0] is not None or result[1]):
        kind = ast.unparse(result[0]) if result[0] is not None else ""
        text += section("Returns", [*filter(None, [kind, result[1] and ("    " if kind else "") + result[1]])])
    text += section("Raises", [raises] if raises else [])
    if mod.notebook and (rows or raises):
        chapter = mod.notebook.split("/")[-1]
        what = f"Chapter {chapter[:2]}: " if chapter[:2].isdigit() and "/numerics/" not in mod.notebook and "/tutorials/" not in mod.notebook else ""
        text += f"\n\n{what}{SITE}/{mod.notebook[4:]}.html"
    return text

def doc_of(mod, f, method):
    "Docstring of a function or method; '' if it has none"
    doc = ast.get_docstring(f)
    if not doc: return ""
    static = any(decorator(d) == "staticmethod" for d in f.decorator_list)
    return document(mod, doc, entries(mod, f.args, int(method and not static)), (f.returns, returned(mod, f)))

def is_dataclass(c): return any(decorator(d) == "dataclass" for d in c.decorator_list)

def fields(mod, c):
    "Fields of a dataclass: (name, type, default, comment)"
    return [(n.target.id, n.annotation, n.value, mod.comment.get(n.end_lineno, "")) for n in c.body if isinstance(n, ast.AnnAssign)
            and "ClassVar" not in ast.unparse(n.annotation) and ast.unparse(n.annotation) != "KW_ONLY"]

def class_doc(mod, c, above=()):
    "Docstring of a class; `above`: fields that a dataclass inherits"
    doc = ast.get_docstring(c)
    if not doc: return ""
    init = next((f for f in c.body if isinstance(f, FUNCTION) and f.name == "__init__"), None)
    if init: params = entries(mod, init.args, 1)
    elif is_dataclass(c):
        own = fields(mod, c)
        params = [f for f in above if f[0] not in {o[0] for o in own}] + own
    else: params = []
    return document(mod, doc, params)


# Stubs

def simple(v):
    "A default worth showing"
    return v if len(ast.unparse(v)) <= 60 and not any(isinstance(x, (ast.Lambda, ast.comprehension, ast.JoinedStr)) for x in ast.walk(v)) else ast.Constant(...)

def guess(v, known=None):
    "Type of a value as far as its form tells"
    if isinstance(v, ast.Constant) and v.value is not None and v.value is not ...: return type(v.value).__name__
    if isinstance(v, ast.UnaryOp): return guess(v.operand)
    if isinstance(v, (ast.Dict, ast.DictComp)): return "dict[Any, Any]"
    if isinstance(v, (ast.List, ast.ListComp)): return "list[Any]"
    if isinstance(v, ast.Tuple): return "tuple[Any, ...]"
    if isinstance(v, ast.Name) and known and v.id in known: return known[v.id]
    if isinstance(v, ast.Call) and isinstance(v.func, ast.Name):
        if v.func.id in ("int", "float", "str", "bool"): return v.func.id
        if v.func.id in ("dict", "list", "set"): return f"{v.func.id}[Any]" if v.func.id != "dict" else "dict[Any, Any]"
        if v.func.id == "tuple": return "tuple[Any, ...]"
        return {"check_positive": "float", "check_number": "float", "check_count": "int"}.get(v.func.id, v.func.id if v.func.id[0].isupper() else "Any")
    return "Any"

def indent(text, n): return "\n".join(" " * n + line if line else "" for line in text.split("\n"))

def quoted(text, n):
    if not text: return " " * n + "..."
    if "\n" not in text and '"' not in text and "\\" not in text: return " " * n + f'"{text}"'
    text = text.replace("\\", "\\\\").replace('"""', "'''")
    return indent(f'"""{text}\n"""' if "\n" in text else f'"""{text} """' if text.endswith('"') else f'"""{text}"""', n)

def stub_function(f, doc, n=0, name=None, decorators=()):
    "Signature and docstring"
    a = copy.deepcopy(f.args)
    a.defaults = [simple(d) for d in a.defaults]
    a.kw_defaults = [d and simple(d) for d in a.kw_defaults]
    if patched(f): (a.posonlyargs + a.args)[0].annotation = None
    for p in [*a.args, *a.kwonlyargs]: # whatever has alpha and sigma is welcome where an SDE is
        if p.arg in ("sde", "trained") and isinstance(p.annotation, ast.Name) and p.annotation.id == "SDE": p.annotation = ast.Name("SDE | Process")
    name = name or f.name
    result = f" -> {ast.unparse(f.returns)}" if f.returns else " -> None" if name in ("__init__", "__post_init__") else ""
    head = "".join(f"@{d}\n" for d in decorators) + f"def {name}({ast.unparse(a)}){result}:"
    return indent(head, n) + "\n" + quoted(doc, n + 4)

def attributes(c, methods, known_classes):
    "Instance attributes that the methods set, with types where their form tells"
    out = {}
    for f in methods:
        known = {p.arg: ast.unparse(p.annotation) for p in [*f.args.args, *f.args.kwonlyargs] if p.annotation}
        me = (f.args.posonlyargs + f.args.args)[0].arg if f.args.args or f.args.posonlyargs else ""
        for x in ast.walk(f):
            pairs = []
            if isinstance(x, ast.Assign):
                for t in x.targets:
                    if isinstance(t, ast.Tuple) and isinstance(x.value, ast.Tuple) and len(t.elts) == len(x.value.elts): pairs += zip(t.elts, x.value.elts)
                    elif isinstance(t, ast.Tuple): pairs += [(u, None) for u in t.elts]
                    else: pairs.append((t, x.value))
            if isinstance(x, ast.AnnAssign): pairs.append((x.target, x.annotation))
            for t, v in pairs:
                if isinstance(t, ast.Attribute) and isinstance(t.value, ast.Name) and t.value.id == me:
                    kind = ast.unparse(v) if isinstance(x, ast.AnnAssign) else guess(v, known)
                    out.setdefault(t.attr, kind)
            if isinstance(x, ast.Call) and ast.unparse(x.func) in (f"vars({me}).update", f"{me}.__dict__.update"):
                for k in x.keywords: out.setdefault(k.arg, guess(k.value, known)) if k.arg else None
            if isinstance(x, ast.Call) and ast.unparse(x.func) == "object.__setattr__" and isinstance(x.args[1], ast.Constant):
                out.setdefault(x.args[1].value, guess(x.args[2], known))
    return out


PROCESS = """from typing import Protocol

class Process(Protocol):
    "What a user's own noise process needs (known to type checkers only)"
    def alpha(self, t: Any, /) -> Any: ...
    def sigma(self, t: Any, /) -> Any: ..."""


class Package:
    "All modules together: methods find their classes, names their imports"
    def __init__(self, folder):
        paths = [p for p in sorted(folder.rglob("*.py")) if not p.stem.startswith("_") and "weights" not in p.parts]
        self.modules = {m.name: m for m in map(Module, paths)}
        self.methods = defaultdict(list) # (module, class) -> (module, function)
        for m in self.modules.values():
            for f in m.body:
                if not patched(f): continue
                for c in classes_of((f.args.posonlyargs + f.args.args)[0].annotation):
                    self.methods[self.home(m, c)].append((m, f))

    def home(self, mod, name):
        "Module and name where a name was defined"
        where, what = mod.origin.get(name, ("builtins", name))
        while where in self.modules and what is not None and self.modules[where].origin.get(what, (where, what)) != (where, what):
            where, what = self.modules[where].origin[what]
        return where, what

    def carry(self, f, at, to, extra):
        "A copy of a method with its names as its class's module knows them"
        f = copy.deepcopy(f)
        shown = [f.returns, *(x for a in [*f.args.posonlyargs, *f.args.args, *f.args.kwonlyargs, f.args.vararg, f.args.kwarg] if a for x in [a.annotation]),
                 *map(simple, f.args.defaults), *(d and simple(d) for d in f.args.kw_defaults)]
        for part in filter(None, shown):
            for x in ast.walk(part):
                if not isinstance(x, ast.Name) or x.id not in at.origin: continue
                home = self.home(at, x.id)
                if x.id in to.origin and self.home(to, x.id) == home: continue
                name = x.id if x.id not in to.origin else f"_{x.id}"
                extra[name] = home
                x.id = name
        return f

    def above(self, mod, c):
        "Fields of the dataclasses that a class is made from"
        out = []
        for b in c.bases:
            where, what = self.home(mod, b.id) if isinstance(b, ast.Name) else ("", None)
            if where not in self.modules: continue
            at = self.modules[where]
            for x in at.body:
                if isinstance(x, ast.ClassDef) and x.name == what: out += [*self.above(at, x), *(fields(at, x) if is_dataclass(x) else [])]
        return out

    def inherited(self, mod, c, name):
        "Module and function of that name in the nearest class above, if it stands in the package"
        for b in c.bases:
            where, what = self.home(mod, b.id) if isinstance(b, ast.Name) else ("", None)
            if where not in self.modules: continue
            at = self.modules[where]
            above = next((x for x in at.body if isinstance(x, ast.ClassDef) and x.name == what), None)
            if above is None: continue
            found = [(m, f) for m, f in self.methods[(where, what)] if f.name == name] or [(at, f) for f in above.body if isinstance(f, FUNCTION) and f.name == name]
            return found[0] if found else self.inherited(at, above, name)

    def completed(self, mod, c, f, extra):
        "A method with the result type of the one that it overrides, and its docstring, where it has none of its own"
        doc = doc_of(mod, f, True)
        if f.returns and doc or f.name.startswith("__"): return f, doc
        found = self.inherited(mod, c, f.name)
        if not found: return f, doc
        if not f.returns and found[1].returns:
            f = copy.deepcopy(f)
            f.returns = self.carry(found[1], found[0], mod, extra).returns
        return f, doc or doc_of(*found, True)

    def class_stub(self, mod, c, extra):
        own = [f for f in c.body if isinstance(f, FUNCTION)]
        added = [(m, self.carry(f, m, mod, extra) if m is not mod else f, f) for m, f in self.methods[(mod.name, c.name)]]
        names = {f.name for _, f, _ in added}
        lines = [indent("".join(f"@{ast.unparse(d)}\n" for d in c.decorator_list if decorator(d) in KEPT)
                        + f"class {c.name}{'(' + ', '.join(map(ast.unparse, [*c.bases, *c.keywords])) + ')' if c.bases or c.keywords else ''}:", 0)]
        doc = class_doc(mod, c, self.above(mod, c))
        if doc: lines.append(quoted(doc, 4))
        named = set()
        for n in c.body:
            if isinstance(n, ast.AnnAssign):
                named.add(n.target.id)
                note = mod.comment.get(n.end_lineno)
                lines.append(f"    {n.target.id}: {ast.unparse(n.annotation)}" + (f" = {ast.unparse(simple(n.value))}" if n.value is not None else "") + (f" # {note}" if note else ""))
            elif isinstance(n, ast.Assign):
                for t in targets(n):
                    named.add(t)
                    same = isinstance(n.value, ast.Name) and n.value.id in {f.name for f in own}
                    kind = f"ClassVar[{guess(n.value)}]" if is_dataclass(c) else guess(n.value) # else it would be a field
                    lines.append(f"    {t} = {n.value.id}" if same else f"    {t}: {kind}")
        skip = named | {f.name for f in own} | names
        for a, kind in attributes(c, own + [f for m, f, _ in added], None).items():
            if a not in skip: lines.append(f"    @property\n    def {a}(self) -> {kind}: ..." if is_dataclass(c) else f"    {a}: {kind}")
        for f in own:
            if f.name in names: continue
            keep = [ast.unparse(d) for d in f.decorator_list if decorator(d) in KEPT | {"setter"}]
            lines.append(stub_function(*self.completed(mod, c, f, extra), 4, decorators=keep))
        every = {f.name: (mod, f, f) for f in own} | {f.name: (m, f, g) for m, f, g in added}
        for m, f, g in added:
            if every[f.name][1] is not f: continue # patched again later
            p = ast.unparse(patched(g))
            how = ["property"] if "as_prop" in p else ["classmethod"] if "cls_method" in p else []
            lines.append(stub_function(f, doc_of(m, g, True), 4, decorators=how + [ast.unparse(d) for d in f.decorator_list if decorator(d) in KEPT]))
        if "forward" in every and "__call__" not in every:
            m, f, g = every["forward"]
            lines.append(stub_function(f, doc_of(m, g, True), 4, name="__call__"))
        if len(lines) == 1: lines.append("    ...")
        return "\n".join(lines)

    def stub(self, mod):
        "Text of one .pyi"
        imports, parts, extra = [], [], {}
        for n in mod.body:
            if isinstance(n, (ast.Import, ast.ImportFrom)):
                if ast.unparse(n) != "from fastcore.basics import patch": imports.append(ast.unparse(n))
            elif isinstance(n, ast.ClassDef): parts.append(self.class_stub(mod, n, extra))
            elif isinstance(n, FUNCTION) and not patched(n):
                keep = [ast.unparse(d) for d in n.decorator_list if decorator(d) in KEPT]
                parts.append(stub_function(n, doc_of(mod, n, False), decorators=keep))
            elif isinstance(n, ast.Assign) and isinstance(n.value, (ast.Subscript, ast.BinOp)) and len(targets(n)) == 1 and targets(n)[0][:1].isupper() \
                    and not any(isinstance(x, (ast.Constant, ast.Call)) for x in ast.walk(n.value)): parts.append(ast.unparse(n)) # a type
            elif isinstance(n, ast.AnnAssign): parts.append(f"{ast.unparse(n.target)}: {ast.unparse(n.annotation)}")
            elif isinstance(n, ast.Assign):
                one = len(n.targets) == 1 and isinstance(n.targets[0], ast.Name)
                parts += [f"{t}: {guess(n.value) if one else 'Any'}" for t in targets(n) if t != "__all__"]
        if any("SDE | Process" in p for p in parts): imports.append(PROCESS if mod.name == "score_nb.noise" else "from score_nb.noise import Process")
        for name, (where, what) in sorted(extra.items()):
            if where == mod.name: imports.append(f"{name} = {what}")
            elif what is None: imports.append(f"import {where} as {name}")
            else: imports.append(f"from {where} import {what} as {name}" if what != name else f"from {where} import {what}")
        text = "\n\n".join([f'"""{ast.get_docstring(mod.tree)}"""', "\n".join(["from typing import Any, ClassVar", *imports]),
                            *([f"__all__ = {mod.public!r}"] if mod.public is not None else []), *parts]) + "\n"
        ast.parse(text)
        return text

    def docs(self, mod):
        "Names of a module as it sees them -> docstrings, where they say more than the source"
        out = {}
        def keep(path, doc):
            if "\n" in doc: out[path] = doc
        for n in mod.body:
            if isinstance(n, ast.ClassDef) and not n.name.startswith("_"):
                keep(n.name, class_doc(mod, n, self.above(mod, n)))
                for f in n.body:
                    if isinstance(f, FUNCTION) and (f.name == "__call__" or not f.name.startswith("_")) and not f.name.startswith("__post"): keep(f"{n.name}.{f.name}", doc_of(mod, f, True))
            elif isinstance(n, FUNCTION) and patched(n):
                if n.name.startswith("_") and n.name != "__call__": continue
                for c in classes_of((n.args.posonlyargs + n.args.args)[0].annotation): keep(f"{c}.{n.name}", doc_of(mod, n, True))
            elif isinstance(n, FUNCTION) and not n.name.startswith("_"): keep(n.name, doc_of(mod, n, False))
        return out


def top(folder):
    "The stub of the package itself: what `__init__.py` imports is public"
    tree, lines, rooms = ast.parse((folder / "__init__.py").read_text()), [], set()
    for n in ast.walk(tree):
        if isinstance(n, ast.ImportFrom) and (n.level or (n.module or "").startswith("score_nb")):
            base = ".".join(filter(None, ["score_nb", n.module])) if n.level else n.module
            if base == "score_nb._docs": continue
            if base == "score_nb": rooms |= {a.name for a in n.names}; continue
            lines.append(f"from {base} import " + ", ".join(f"{a.name} as {a.asname or a.name}" for a in n.names))
            rooms.add(base.split(".")[1])
    return "\n".join([*lines, f"from score_nb import {', '.join(f'{r} as {r}' for r in sorted(rooms))}", "__version__: str"]) + "\n"

def build(folder, to):
    "Write all files of package `folder` into `to`; their paths"
    package, out = Package(folder), []
    def write(rel, text):
        p = to / rel
        p.parent.mkdir(parents=True, exist_ok=True)
        p.write_text(text, encoding="utf-8")
        out.append(p)
    lines = [(folder / "_docs.py").read_text(encoding="utf-8").split("DOCS = {")[0] + "DOCS = {"] # its head is written by hand
    for m in package.modules.values():
        write(m.path.relative_to(folder).with_suffix(".pyi"), package.stub(m))
        docs = package.docs(m)
        if docs: lines += [f"{m.name!r}: {{", *(f"    {k!r}: {v!r}," for k, v in docs.items()), "},"]
    write("_docs.py", "\n".join([*lines, "}"]) + "\n")
    write("__init__.pyi", top(folder))
    for p in (q for q in folder.rglob("__init__.py") if q.parent != folder): write(p.relative_to(folder).with_suffix(".pyi"), "")
    write("py.typed", "")
    return out


if __name__ == "__main__":
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--to", type=Path, default=ROOT / "score_nb", help="folder to write into (the package itself)")
    to = ap.parse_args().to
    files = build(ROOT / "score_nb", to)
    if to.resolve() == ROOT / "score_nb":
        for p in set(to.rglob("*.pyi")) - set(files): p.unlink() # of modules that are gone
    print(f"{len(files)} files")
