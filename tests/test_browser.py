"""The site in a real browser: what a reader sees, with and without scripts, light and dark, wide and on a phone; and JupyterLab.

Needs Chromium (the machine's, or Playwright's own after `playwright install chromium`); skipped visibly where there is none."""
import http.server, os, re, shutil, socket, subprocess, sys, threading, time, urllib.request
from functools import partial
from pathlib import Path
import pytest

pw = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


@pytest.fixture(scope="module")
def chromium():
    with pw.sync_playwright() as p:
        exe = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
        try: b = p.chromium.launch(executable_path=exe, args=["--no-sandbox"])
        except pw.Error as e: pytest.skip(f"no Chromium on this machine ({str(e).splitlines()[0]})")
        yield b
        b.close()


@pytest.fixture(scope="module")
def served(chromium, site):
    "The address of the built site; asked for after the browser, so that nothing is built where there is none"
    handler = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *a: None})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


def pages(site): return sorted(p.relative_to(site).as_posix() for p in site.rglob("*.html"))


def watch(page, base, faults):
    page.on("console", lambda m: faults.append(f"console: {m.text}") if m.type == "error" else None)
    page.on("pageerror", lambda e: faults.append(f"script: {e}"))
    page.on("request", lambda r: faults.append(f"asks {r.url}") if not r.url.startswith((base, "data:", "blob:")) else None)
    page.on("response", lambda r: faults.append(f"{r.status} {r.url}") if r.status >= 400 else None)


SHARE = .24 # of a chapter's height that figures take at least; .25 is what a chapter aims at
AXE = """async () => (await axe.run({exclude: [['.katex'], ['pre code']]}, {runOnly: ['wcag2a', 'wcag2aa']})).violations.filter(v => ['serious', 'critical'].includes(v.impact))
         .map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.target.join(' ') + ' ' + n.html.slice(0, 120)).join(' | '))"""

@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page(chromium, served, site, scheme):
    "No error, no request to the outside, formulas as formulas, nothing wider than a phone, no serious finding of axe"
    axe = Path(pytest.importorskip("axe_playwright_python").__file__).parent / "axe.min.js"
    faults = {}
    context = chromium.new_context(color_scheme=scheme, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page_faults = []
    watch(page, served, page_faults)
    few = ("index.html", "01_viz.html", "06_noise.html", "guide/gallery.html", "guide/api.html", "numerics/rk.html") # colours are the same on the others
    for name in pages(site) if scheme == "light" else few:
        page_faults.clear()
        page.goto(f"{served}/{name}", wait_until="load")
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > 390: page_faults.append(f"{wide} pixels wide on a phone")
        raw = page.evaluate(r"""() => { const w = document.createTreeWalker(document.querySelector('main') || document.body, NodeFilter.SHOW_TEXT, n =>
            n.parentElement.closest('pre, code, script, style, annotation') ? 2 : 1); const out = [];
            while (w.nextNode()) if (/\\[(\[]|\\frac|\\tag/.test(w.currentNode.data)) out.push(w.currentNode.data.slice(0, 60)); return out; }""")
        page_faults += [f"raw formula {r!r}" for r in raw[:3]]
        if page.locator(".katex-error").count(): page_faults.append("a formula with an error")
        no_alt = page.evaluate("[...document.querySelectorAll('main img')].filter(i => !i.alt).length")
        if no_alt: page_faults.append(f"{no_alt} pictures without alt text")
        page.add_script_tag(path=str(axe))
        page_faults += page.evaluate(AXE)
        if page_faults: faults[name] = list(page_faults)
    context.close()
    assert not faults, "\n".join(f"{n}: {f}" for n, fs in faults.items() for f in fs)


def test_search_and_dark(chromium, served):
    page = chromium.new_context(color_scheme="light", viewport={"width": 1400, "height": 900}).new_page()
    page.goto(f"{served}/index.html")
    page.fill("#quarto-search input", "predictor-corrector")
    page.wait_for_selector(".search-result", timeout=20_000)
    assert any("correct" in t.lower() for t in page.locator(".search-result-title").all_inner_texts())
    page.goto(f"{served}/index.html")
    paper = lambda: page.evaluate("getComputedStyle(document.body).backgroundColor")
    before = paper()
    page.locator(".quarto-color-scheme-toggle").first.click()
    assert before == "rgb(255, 255, 255)" and paper() != before
    page.context.close()


def test_next_page_and_notebook(chromium, served):
    page = chromium.new_context(viewport={"width": 1400, "height": 900}).new_page()
    page.goto(f"{served}/12_objectives.html")
    assert [a.split("/")[-1] for a in page.eval_on_selector_all(".page-tools a", "a => a.map(e => e.href)")][0] == "12_objectives.ipynb"
    page.locator(".nav-page-next a").click()
    page.wait_for_url("**/13_reverse.html")
    page.context.close()


def test_a_chapter_is_a_story(chromium, served, site):
    "At most 25 screens of 900 pixels, a picture on the first one, and pictures all the way down"
    page = chromium.new_context(viewport={"width": 1400, "height": 900}).new_page()
    faults, said = [], []
    for name in [n for n in pages(site) if re.match(r"\d\d_", n)]:
        page.goto(f"{served}/{name}", wait_until="load")
        m = page.evaluate("""() => { const pics = [...document.querySelectorAll('main img')].map(e => e.getBoundingClientRect()).filter(r => r.height > 60);
            return {height: document.documentElement.scrollHeight, first: pics.length ? pics[0].top : 1e9, share: pics.reduce((a, r) => a + r.height, 0)}; }""")
        screens, share = m["height"] / 900, m["share"] / m["height"]
        said.append(f"{name}: {screens:.1f} screens, first figure at {m['first']:.0f}, share {share:.2f}")
        if screens > 25: faults.append(f"{name}: {screens:.1f} screens")
        if m["first"] > 900: faults.append(f"{name}: first figure at {m['first']:.0f} pixels")
        if "02" <= name[:2] <= "21" and share < SHARE: faults.append(f"{name}: figures are {share:.2f} of the height")
    page.context.close()
    print("\n".join(said))
    assert not faults, "\n".join(faults)


def test_wide_formulas_on_a_phone(chromium, served, site):
    "Nearly all fit; the others scroll in a box of their own, which shows that there is more"
    page = chromium.new_context(viewport={"width": 390, "height": 844}).new_page()
    n, wide = 0, []
    for name in pages(site):
        if "katex-display" not in (site / name).read_text(encoding="utf-8"): continue
        page.goto(f"{served}/{name}", wait_until="load")
        page.evaluate("() => { document.querySelectorAll('details').forEach(d => d.open = true); return document.fonts.ready; }")
        page.wait_for_timeout(100)
        found = page.evaluate("""() => [...document.querySelectorAll('.katex-display')].map(e => { const s = getComputedStyle(e), t = getComputedStyle(e.querySelector('.katex'));
            return {wide: e.scrollWidth > e.clientWidth + 1, box: s.overflowX, shadow: s.backgroundImage.split('linear-gradient').length - 1, size: parseFloat(t.fontSize),
                    inside: e.getBoundingClientRect().right <= 390}; })""")
        n += len(found)
        wide += [name for f in found if f["wide"]]
        assert all(f["box"] == "auto" and f["shadow"] == 4 and f["inside"] and f["size"] >= 11.5 for f in found), name
    page.context.close()
    assert n > 200 and len(wide) <= .05 * n, f"{len(wide)} of {n} formulas are too wide: {wide}"


def test_on_paper(chromium, served):
    "Printed from dark mode: light, without bars and buttons, derivations open, folded code gone, stills for what moves; then all is as before"
    page = chromium.new_context(color_scheme="dark", viewport={"width": 700, "height": 900}).new_page()
    page.goto(f"{served}/13_reverse.html", wait_until="load")
    state = """() => ({paper: getComputedStyle(document.body).backgroundColor, open: document.querySelectorAll('main details[open]').length,
        bars: [...document.querySelectorAll('#quarto-header, #quarto-sidebar, #quarto-margin-sidebar, .page-tools, .page-navigation, .code-copy-button')].filter(e => e.offsetHeight).length,
        folded: [...document.querySelectorAll('main details.code-fold:not([open])')].filter(e => e.offsetHeight).length,
        closed: document.querySelectorAll('main details:not(.code-fold):not([open])').length,
        wide: document.documentElement.scrollWidth, cut: [...document.querySelectorAll('main pre')].filter(e => e.scrollWidth > e.clientWidth + 1).length})"""
    before = page.evaluate(state)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    on_paper = page.evaluate(state)
    assert before["paper"] != "rgb(255, 255, 255)" and before["closed"] > 3
    assert on_paper == dict(on_paper, paper="rgb(255, 255, 255)", bars=0, folded=0, closed=0, cut=0) and on_paper["wide"] <= 700, on_paper
    assert page.locator("picture img").first.evaluate("i => i.decode().then(() => i.currentSrc)").endswith("-still.webp")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    assert page.evaluate(state) == before
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    page.context.close()


def test_sliders(chromium, served, site):
    "A slider moves its picture and says its value; with the keyboard too"
    page = chromium.new_context(viewport={"width": 1400, "height": 900}).new_page()
    with_slider = [n for n in pages(site) if 'class="nb-slider"' in (site / n).read_text(encoding="utf-8")]
    assert "01_viz.html" in with_slider
    for name in with_slider:
        page.goto(f"{served}/{name}")
        for k in range(page.locator(".nb-slider").count()):
            box = page.locator(".nb-slider").nth(k)
            row, picture = box.locator("input[type=range]"), box.locator("img")
            assert row.is_visible(), f"{name}: slider {k} is hidden"
            src, said = picture.get_attribute("src"), box.locator("output").inner_text()
            row.focus()
            page.keyboard.press("ArrowLeft" if row.input_value() == row.get_attribute("max") else "ArrowRight")
            assert picture.get_attribute("src") != src and box.locator("output").inner_text() != said, f"{name}: slider {k} does nothing"
    page.context.close()


def test_without_scripts_and_without_motion(chromium, served):
    page = chromium.new_context(java_script_enabled=False, viewport={"width": 1400, "height": 900}).new_page()
    page.goto(f"{served}/01_viz.html")
    assert page.locator(".katex-html").first.is_visible() and page.locator(".nb-slider img").first.is_visible()
    assert not page.locator(".nb-slider input").first.is_visible()
    page.context.close()
    page = chromium.new_context(reduced_motion="reduce", viewport={"width": 1400, "height": 900}).new_page()
    page.goto(f"{served}/index.html")
    shown = page.locator("picture img").first
    shown.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('picture img').currentSrc != ''")
    assert shown.evaluate("i => i.currentSrc").endswith("-still.webp")
    page.context.close()


def test_lab(chromium, root, tmp_path):
    "In JupyterLab a notebook is opened and run, and its slider moved"
    shutil.copy(root / "nbs" / "01_viz.ipynb", tmp_path / "book.ipynb")
    with socket.socket() as s: s.bind(("127.0.0.1", 0)); port = s.getsockname()[1]
    lab = subprocess.Popen([sys.executable, "-m", "jupyterlab", "--no-browser", f"--ServerApp.port={port}", "--IdentityProvider.token=", "--allow-root",
                            f"--ServerApp.root_dir={tmp_path}", "--ServerApp.disable_check_xsrf=True"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           env={**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND": "module://matplotlib_inline.backend_inline"})
    try:
        for _ in range(120):
            try: urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=2); break
            except OSError: time.sleep(.5)
        page = chromium.new_context(viewport={"width": 1400, "height": 900}).new_page()
        page.goto(f"http://127.0.0.1:{port}/lab/tree/book.ipynb")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']", timeout=90_000)
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=90_000)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        if page.locator(".jp-Dialog button:has-text('Select')").count(): page.locator(".jp-Dialog button:has-text('Select')").click()
        box = page.locator(".nb-slider")
        for _ in range(600): # cells far away are drawn as they come into view; a stored slider has no script, one that ran has
            if box.count() and box.first.locator("input").is_visible(): break
            page.mouse.move(800, 500); page.mouse.wheel(0, 300 if _ % 40 < 30 else -2000); page.wait_for_timeout(200)
        assert box.first.locator("input").is_visible(), "no live slider"
        picture, said = box.first.locator("img"), box.first.locator("output")
        before = picture.get_attribute("src"), said.inner_text()
        row = box.first.locator("input")
        row.fill("7" if row.input_value() != "7" else "6")
        assert picture.get_attribute("src") != before[0] and said.inner_text() != before[1]
        page.context.close()
    finally: lab.terminate(); lab.wait(20)
