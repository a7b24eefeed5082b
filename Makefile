# Every target does its own set-up: nothing but Python >= 3.11 and make is assumed.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: demo test lint docs wheel wasm bench fuzz sanitized clean

NATIVE := $(shell find native -type f -not -path 'native/tests/*' -not -path 'native/browser/*')

# An editable installation remembers where modules are: it is made anew when one comes or goes.
MODULES := $(VENV)/.modules
$(shell mkdir -p $(VENV); find src -name '*.py*' -not -path '*/__pycache__/*' | sort > $(MODULES).new; \
	cmp -s $(MODULES).new $(MODULES) || cp $(MODULES).new $(MODULES))

$(STAMP): pyproject.toml constraints.txt $(NATIVE) $(MODULES)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $(STAMP)

demo: $(STAMP)  ## an eye, a cat of cats, a horse and made-up digits, in demo/
	$(BIN)/python examples/demo.py

test: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy
	$(BIN)/python tools/write_stubs.py --check

docs: $(STAMP)  ## the documentation as a site: open site/index.html (for searching: python3 -m http.server -d site)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "the site is there: open $(CURDIR)/site/index.html"

wheel: $(STAMP)  ## a wheel in dist/, tried in an empty environment; then built once more without the system's compiler
	$(BIN)/python tools/try_wheel.py -o dist
	$(BIN)/python tools/try_wheel.py --without-compiler

ZIG := build/zig
$(ZIG)/.installed: constraints.txt
	$(PYTHON) -m venv $(ZIG)
	$(ZIG)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt ziglang
	touch $@

wasm: $(ZIG)/.installed  ## the browser's module, built and compared with the one in the package (make wasm WRITE=1: put in its place)
	$(ZIG)/bin/python tools/build_wasm.py $(if $(WRITE),--write)

bench: $(STAMP)  ## quick versions of all benchmarks (make bench DATA=folder); full runs: benchmarks/README.md
	$(BIN)/selfsame bench all --quick $(if $(DATA),--data $(DATA))

fuzz: $(STAMP)  ## fuzz the native core, a minute for each target (make fuzz SECONDS=3600, or RUNS=100000)
	$(BIN)/python tools/fuzz.py $(if $(RUNS),--runs $(RUNS)) $(if $(SECONDS),--seconds $(SECONDS))

sanitized: $(STAMP)  ## the tests of the native core, with the sanitizers of g++ in it
	$(BIN)/python tools/sanitized_tests.py

clean:
	rm -rf $(VENV) demo site build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find . -name '*.egg-info' -type d -prune -exec rm -rf {} +
