# Two commands matter: `make demo` and `make test`. Both install into .venv first, if need be.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export MPLBACKEND ?= Agg
export TOKENIZERS_PARALLELISM = false
# `make test TORCH=cpu` installs torch without CUDA, which is far smaller; any folder of download.pytorch.org/whl will do.
ifdef TORCH
export PIP_EXTRA_INDEX_URL = https://download.pytorch.org/whl/$(TORCH)
endif

.PHONY: install demo test lab docs train bench nbs clean

install: $(STAMP)

$(STAMP): settings.ini setup.py pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	$(BIN)/python -m pip check
	touch $(STAMP)

demo: install ## Load the shipped model: sample, exact bits/dim, inpaint; pictures go to demo/
	$(BIN)/score_nb demo --out demo --n-steps 400

train: install ## Train the shipped digits model (about 90 minutes); resumes where it stopped
	$(BIN)/python tools/train.py mnist

test: install ## Every notebook, then every test
	$(BIN)/python tests/run_all.py

nbs: install ## Export modules, write stubs and docstrings, re-run notebooks whose outputs are stale, renew README.md
	$(BIN)/nbdev_export
	$(BIN)/python tools/build_stubs.py
	$(BIN)/python tools/run_notebooks.py
	$(BIN)/python tools/build_docs.py --readme

docs: install ## Website into _docs/
	$(BIN)/python tools/build_docs.py

lab: install ## JupyterLab on the notebooks
	$(BIN)/jupyter lab --notebook-dir nbs

bench: install ## Speed ratios and statistical accuracy, printed as tables
	$(BIN)/python tests/bench.py

clean:
	rm -rf $(VENV) build dist _proc _docs _site demo *.egg-info
