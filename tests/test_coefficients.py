"""The coefficients of docs/arithmetic.md are those that tools/coefficients.py makes."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "arithmetic.md"

pytestmark = pytest.mark.uninstrumented


def check(page):
    command = [sys.executable, ROOT / "tools" / "coefficients.py", "--check", "--page", page]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_page_has_the_numbers_of_the_program():
    result = check(PAGE)
    assert result.returncode == 0, result.stderr
    page = PAGE.read_text(encoding="utf-8")
    lines = result.stdout.splitlines()
    assert len(lines) > 10
    for line in lines:
        assert line.strip().rstrip(",") in page


def test_another_last_digit_is_noticed(tmp_path):
    page = PAGE.read_text(encoding="utf-8")
    assert page.count("0x1.adafaep-12") == 1
    altered = tmp_path / "arithmetic.md"
    altered.write_text(page.replace("0x1.adafaep-12", "0x1.adafacp-12"), encoding="utf-8")
    result = check(altered)
    assert result.returncode == 1
    assert "G (float32): the page has other numbers" in result.stderr
