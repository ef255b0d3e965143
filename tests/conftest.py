import os, subprocess, sys
from pathlib import Path
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))


@pytest.fixture(scope="session")
def root(): return ROOT


@pytest.fixture(scope="session")
def repo_copy(tmp_path_factory):
    "A copy of what git tracks or would track, to run tools on without touching the checkout"
    to = tmp_path_factory.mktemp("copy") / "score_nb"
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    for f in filter(None, files):
        src, dst = ROOT / f, to / f
        if not os.path.lexists(src): continue
        dst.parent.mkdir(parents=True, exist_ok=True)
        if src.is_symlink(): dst.symlink_to(os.readlink(src))
        else: dst.write_bytes(src.read_bytes())
    return to


@pytest.fixture(scope="session")
def site(repo_copy):
    "The website, built once"
    r = subprocess.run([sys.executable, "tools/build_docs.py"], cwd=repo_copy, capture_output=True, text=True, timeout=900)
    assert r.returncode == 0, r.stdout[-2000:] + r.stderr[-4000:]
    return repo_copy / "_docs"


@pytest.fixture
def cli(tmp_path):
    "Run the command line program as a user would"
    def run(*args, check=None, env=None, timeout=300):
        exe = Path(sys.executable).parent / "score_nb"
        r = subprocess.run([str(exe), *map(str, args)], cwd=tmp_path, capture_output=True, text=True, timeout=timeout,
                           env={**os.environ, "MPLBACKEND": "Agg", **(env or {})})
        if check is not None: assert r.returncode == check, f"exit {r.returncode}\n{r.stdout}\n{r.stderr}"
        return r
    return run
