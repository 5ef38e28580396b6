"""Nobody but the command service makes a permit, and nobody but it lets a driver act."""

import ast
from collections.abc import Iterator
from pathlib import Path

import console
import drivers

COMMANDER = "console/services/commander.py"


def calls(name: str) -> Iterator[str]:
    """The modules of the product in which something of that name is called."""
    for package in (console, drivers):
        root = Path(package.__path__[0])
        for path in sorted(root.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and _is_of(node.func, name):
                    yield path.relative_to(root.parent).as_posix()


def _is_of(called: ast.expr, name: str) -> bool:
    """Whether a call is of that name; a driver that calls what it overrides is still carrying out the same one."""
    if isinstance(called, ast.Attribute):
        inner = called.value
        is_super = isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id == "super"
        return called.attr == name and not is_super
    return isinstance(called, ast.Name) and called.id == name


def test_that_only_the_command_service_makes_a_permit() -> None:
    assert set(calls("Permit")) == {COMMANDER}


def test_that_only_the_command_service_lets_a_driver_act() -> None:
    others = ("console/shell/", "drivers/simulators/")  # desks that ask the collector; what a virtual miner does
    assert {module for module in calls("act") if not module.startswith(others)} == {COMMANDER}


def test_that_no_part_of_the_console_carries_an_operation_out_itself() -> None:
    root = Path(console.__path__[0])
    assert not [path for path in root.rglob("*.py") if "drivers.core.operation" in path.read_text(encoding="utf-8")]
