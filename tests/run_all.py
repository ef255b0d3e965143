"""All tests: `nbdev_test` on the notebooks, two at a time, then pytest. The last line counts both: `N passed, M failed`."""
import os, re, subprocess, sys, time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
from run_notebooks import notebooks


def tee(cmd, env):
    "Run, show and return the output"
    p = subprocess.Popen(cmd, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines = []
    for line in p.stdout: print(line, end="", flush=True); lines.append(line)
    return p.wait(), "".join(lines)


def main():
    t = time.time()
    bin = Path(sys.executable).parent
    env = {**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg", "PYTHONUNBUFFERED": "1"}
    rc1, out = tee([str(bin / "nbdev_test"), "--n_workers", "2", "--do_print", "--timing"], env)
    all_nbs = [p.name for p in notebooks()]
    m = re.search(r"nbdev Tests Failed On The Following Notebooks:\n=+\n(.*)", out, re.S)
    failed = {n for n in all_nbs if m and n in m.group(1)}
    if rc1 and not failed: failed = set(all_nbs) # the runner itself broke
    print(f"notebooks: {len(all_nbs) - len(failed)} of {len(all_nbs)} passed in {time.time() - t:.0f} s", flush=True)
    rc2, out = tee([sys.executable, "-m", "pytest", "-q", "--durations=8", "tests"], {**os.environ, "MPLBACKEND": "Agg"})
    count = {k: sum(int(n) for n in re.findall(rf"(\d+) {k}", out.strip().splitlines()[-1])) for k in ("passed", "failed", "error")}
    bad = len(failed) + count["failed"] + count["error"]
    if rc2 and not (count["failed"] + count["error"]): bad += 1 # pytest itself broke, or collected nothing
    print(f"in {time.time() - t:.0f} s")
    print(f"{len(all_nbs) - len(failed) + count['passed']} passed, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__": sys.exit(main())
