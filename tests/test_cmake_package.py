"""The installed package serves C++ alone: its headers, library and CMake files build a program."""

import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

import wbcore

EXAMPLES = Path(__file__).parents[1] / "cpp" / "examples"


def find_tool(name):
    """A build tool on PATH, or the one that its PyPI package put beside this Python."""
    path = shutil.which(name) or shutil.which(name, path=sysconfig.get_path("scripts"))
    if path is None:
        pytest.skip(f"needs {name}: pip install {name}")
    return path


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_headers_have_the_version_of_the_package():
    header = Path(wbcore.get_include()) / "wbcore" / "version.hpp"
    (version,) = re.findall(r'#define WBCORE_VERSION "(.+)"', header.read_text())
    assert version == wbcore.__version__


def test_cmake_files_do_not_name_the_machine_that_built_them():
    for path in Path(wbcore.get_cmake_dir()).glob("*.cmake"):
        for line in path.read_text().splitlines():
            assert line.startswith("#") or "/home/" not in line, f"{path.name}: {line}"


@pytest.mark.uninstrumented
def test_examples_build_against_the_installed_package_and_run(tmp_path):
    cmake, ninja = find_tool("cmake"), find_tool("ninja")
    package = f"-Dwbcore_DIR={wbcore.get_cmake_dir()}"
    generator = ["-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={ninja}"]
    c_flags = "-DCMAKE_C_FLAGS=-std=c11 -Wall -Wextra -pedantic -Werror"
    run(cmake, "-S", EXAMPLES, "-B", tmp_path, package, c_flags, *generator)
    run(cmake, "--build", tmp_path)
    assert run(tmp_path / "xor").strip(), "the program prints what it learned"
    assert run(tmp_path / "predict").splitlines() == [
        "0 xor 0 = 0",
        "0 xor 1 = 1",
        "1 xor 0 = 1",
        "1 xor 1 = 0",
    ]
