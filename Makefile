PYTHON ?= python3
VENV = .venv
BIN = $(VENV)/bin

.PHONY: demo test browser lint evaluate robustness fuzz sbom lock clean

demo: $(VENV)/.installed          ## install, run the main job on the samples, show the table
	$(BIN)/bvn-evidence run annotated_samples/notes --out demo_out

test: $(VENV)/.installed-dev browser  ## install what the tests need and run all of them
	$(BIN)/pytest -n auto

browser:                          ## Debian's Chromium, for the tests of the report; nothing where it is there
	@test -x /usr/bin/chromium || (apt-get update -qq && apt-get install -y -qq chromium) >/dev/null 2>&1 \
	  || echo "no /usr/bin/chromium: the browser tests are skipped; install it with: sudo apt-get install chromium" >&2

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/mypy

evaluate: $(VENV)/.installed      ## accuracy on the annotated samples
	$(BIN)/bvn-evidence evaluate annotated_samples

robustness: $(VENV)/.installed-dev  ## hostile input, counted: what is lost, what leaks; 100,000 files, notes of 20 MB
	$(BIN)/python benchmarks/robustness.py --large

FUZZ_SECONDS ?= 600
fuzz: $(VENV)/.installed-dev      ## charts nobody wrote, until one breaks a property; what was learnt stays in .fuzz
	PYTHONPATH=tests $(BIN)/python -m fuzz.run $(FUZZ_SECONDS) .fuzz/corpus

sbom: $(VENV)/.installed-dev      ## sbom.json, the bill of materials (CycloneDX) of what an installation brings
	$(BIN)/python .ci/sbom.py sbom.json

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml requirements.lock | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e .
	touch $@

$(VENV)/.installed-dev: pyproject.toml requirements.lock | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[dev]'
	touch $(VENV)/.installed $@

lock: $(VENV)/.installed-dev      ## write down the versions that are installed now
	$(BIN)/python -m pip freeze --exclude-editable | grep -v -i -E '^(pip|setuptools|wheel|google-re2|regex)==' > requirements.lock

clean:
	rm -rf $(VENV) demo_out sbom.json build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .fuzz
