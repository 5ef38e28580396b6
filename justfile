python := ".venv/bin/python"

# What CI runs.
all:
    python3 -m installer test

# Lint, types, import directions.
check:
    {{python}} -m ruff check .
    {{python}} -m ruff format --check .
    {{python}} -m mypy
    PYTHONPATH=. .venv/bin/lint-imports

# Tests without Qt.
test *arguments:
    {{python}} -m pytest -m "not gui" {{arguments}}

# Tests with Qt, offscreen.
gui *arguments:
    {{python}} -m pytest -m gui {{arguments}}

# Every widget in every state.
gallery:
    {{python}} -m widgets.gallery

# The virtual site in the console.
demo *arguments:
    {{python}} -m console demo {{arguments}}

# Resolve the dependencies anew and export what pip reads.
lock:
    uv lock
    uv export --frozen --no-emit-project --no-dev --format requirements-txt -q -o installer/requirements.txt
    uv export --frozen --no-emit-project --format requirements-txt -q -o installer/requirements-test.txt
