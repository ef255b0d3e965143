"""Every public name stands with a valid call in tests/contract/, and each of its arguments is tried with wrong values.

`python tests/test_contract.py MODULE [NAME]` prints what fails in one module."""
import os, sys, tempfile, time
for k, v in dict(OMP_NUM_THREADS="1", MPLBACKEND="Agg", TQDM_DISABLE="1", HF_HUB_OFFLINE="1").items(): os.environ.setdefault(k, v)
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
import pytest, torch
from contract import engine

SPECS = engine.specs()
PUBLIC = engine.public()


def test_every_public_name_is_listed():
    listed = {c.name.split("/")[0] for calls in SPECS.values() for c in calls}
    plain = {n for n, v in PUBLIC.items() if not callable(v) and not isinstance(v, (classmethod, staticmethod))} # constants, types
    assert not set(PUBLIC) - plain - listed - {"Score"}, "without a valid call in tests/contract/"
    assert not listed - set(PUBLIC), "listed in tests/contract/, but not public"


def test_every_argument_is_tried():
    lost = []
    for calls in SPECS.values():
        for c in calls:
            target = PUBLIC.get(c.name.split("/")[0])
            if target is None or "/" in c.name: continue
            lost += [f"{c.name}({a})" for a in engine.arguments(c, target) if a not in c.skip and "*" not in c.skip and not engine.kind_of(c, a)]
    assert not lost, "arguments without a kind of wrong values"


def work(job):
    module, k = job
    torch.set_num_threads(1)
    os.chdir(tempfile.gettempdir())
    t = time.time()
    rows = engine.run(SPECS[module][k])
    return [(module, *r) for r in rows], time.time() - t


def run_all(modules, workers=2):
    jobs = [(m, k) for m in modules for k in range(len(SPECS[m]))]
    if workers == 1: done = map(work, jobs)
    else:
        pool = ProcessPoolExecutor(workers)
        done = pool.map(work, jobs)
    rows, slow = [], []
    for job, (r, t) in zip(jobs, done): rows += r; slow.append((t, SPECS[job[0]][job[1]].name))
    return rows, sorted(slow)[::-1]


def show(rows): return "\n".join(f"{m}.{n}({a}) {label}: {what}: {words}" for m, n, a, label, what, words in rows)


@pytest.fixture(scope="module")
def outcome(): return run_all(SPECS)


def test_outcomes(outcome):
    rows, _ = outcome
    bad = [r for r in rows if r[4] != "good"]
    assert not bad, f"{len(bad)} of {len(rows)} cases, {dict(Counter(r[4] for r in bad))}\n{show(bad[:60])}"


def test_there_are_many_cases(outcome): assert len(outcome[0]) >= 9000


if __name__ == "__main__":
    t, (module, *name) = time.time(), sys.argv[1:] or ["all"]
    modules = list(SPECS) if module == "all" else [module]
    if name: SPECS[module] = [c for c in SPECS[module] if c.name.startswith(name[0])]
    rows, slow = run_all(modules, 2 if module == "all" else 1)
    bad = [r for r in rows if r[4] != "good"]
    print(show(bad))
    for m in modules: print(f"{m:12} {sum(r[0] == m for r in rows):5} cases", dict(Counter(r[4] for r in bad if r[0] == m)))
    print(f"{len(rows)} cases, {len(bad)} bad {dict(Counter(r[4] for r in bad))} in {time.time() - t:.0f} s; slowest", [(f"{t:.1f}", n) for t, n in slow[:6]])
