"""The plan multiplies what was measured, and nothing else."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(name="tool")
def tool_fixture(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module("scale_plan")


def test_figures_are_read_by_user_and_core(tool: Any, tmp_path: Path) -> None:
    spent = {"seconds": 9.0, "work": 20.0, "peak": 1.0}
    size = {
        "users": 1_000,
        "ingest": spent,
        "runs": {"local 1": spent | {"work": 10.0}, "local 2": spent},
        "day": spent | {"work": 1.0},
        "log_bytes": 2_000.0,
        "library_bytes": 10_000.0,
    }
    path = tmp_path / "figures.json"
    told = {
        "texts_a_second": 600.0,
        "cores": 2,
        "sizes": [{"users": 1}, size],
        "store_bytes": 40_000.0,
        "names": {"input_tokens": 900.0, "output_tokens": 150.0},
    }
    path.write_text(json.dumps(told))
    assert tool.Measured.read(path) == tool.Measured(20.0, 10.0, 1.0, 2_000.0, 10_000.0, 40_000.0, 300.0, 900.0, 150.0)


def test_a_plan_worked_out_by_hand(tool: Any) -> None:
    measured = tool.Measured(3.6, 7.2, 0.36, 2_000, 10_000, 40_000, 1_000, 900, 150)
    rows = {row[0]: row[1:] for row in tool.plan(measured, [1_000_000, 500_000_000, 10])}
    assert rows["ingest of everything, core-hours"] == ["1", "500", "0"]
    assert rows["full run, core-hours"] == ["2", "1,000", "0"]
    assert rows["full run on 1,000 cores, hours"] == ["0.0", "1.0", "0.0"]
    assert rows["full run, cost of cores"] == ["0", "40", "0"]
    assert rows["a day with 1 % active, core-hours"] == ["0", "50", "0"]
    assert rows["embedding 100 million distinct texts, core-hours"] == ["28"] * 3
    assert rows["activity log, GB"] == ["2", "1,000", "0"]
    assert rows["library, GB"] == ["10", "5,000", "0"]
    assert rows["keyword store, GB"] == ["40", "20,000", "0"]
    assert rows["names by a model, all users once"] == ["525", "262,500", "0"]


def test_the_cost_of_names(tool: Any) -> None:
    measured = tool.Measured(1, 1, 1, 1, 1, 1, 1, 900, 150)
    assert measured.name_cost(1_000_000) == pytest.approx(900 * 0.25 + 150 * 2.0)


def test_the_page_has_the_plan_of_today(tool: Any) -> None:
    page = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    assert f"<!-- table: scale -->\n{tool.plan_table()}\n<!-- end -->\n\n{tool.assumptions()}\n" in page
