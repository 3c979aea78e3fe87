"""threadpoolctl sees wbcore's threads and limits them, whichever is imported first."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import threadpoolctl

import wbcore as wb

wb.threads.register_with_threadpoolctl()


@pytest.fixture(autouse=True)
def four_threads():
    wb.set_num_threads(4)
    yield
    wb.set_num_threads(None)


def listed():
    return [info for info in threadpoolctl.threadpool_info() if info["user_api"] == "wbcore"]


def test_info():
    (info,) = listed()
    assert info["filepath"] == wb.get_library()
    assert info["version"] == wb.__version__
    assert info["internal_api"] == "wbcore"
    assert info["num_threads"] == 4


def test_registering_again_changes_nothing():
    wb.threads.register_with_threadpoolctl()
    wb.Network.mlp([2, 1])
    assert len(listed()) == 1


@pytest.mark.parametrize("options", [{}, {"user_api": "wbcore"}])
def test_limits_and_restores(options):
    with threadpoolctl.threadpool_limits(1, **options):
        assert wb.get_num_threads() == 1
        assert listed()[0]["num_threads"] == 1
        with threadpoolctl.threadpool_limits({"wbcore": 3}):
            assert wb.get_num_threads() == 3
        assert wb.get_num_threads() == 1
    assert wb.get_num_threads() == 4
    wb.set_num_threads(2)  # nothing is left in its way
    assert wb.get_num_threads() == 2


def test_limits_of_others_are_not_wbcores():
    with threadpoolctl.threadpool_limits(1, user_api="blas"):
        assert wb.get_num_threads() == 4


def test_the_inner_limit_holds():
    with wb.num_threads(3):
        with threadpoolctl.threadpool_limits(1):
            assert wb.get_num_threads() == 1
            with wb.num_threads(2):
                assert wb.get_num_threads() == 2
            assert wb.get_num_threads() == 1
        assert wb.get_num_threads() == 3
    assert wb.get_num_threads() == 4


def test_threads_that_limit_do_not_meet():
    def work(n):
        for _ in range(20):
            with threadpoolctl.threadpool_limits({"wbcore": n}):
                assert wb.get_num_threads() == n
            assert wb.get_num_threads() == 4

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(work, n) for n in (1, 2, 3)]:
            done.result()


@pytest.mark.uninstrumented
@pytest.mark.parametrize(
    "program",
    [
        "import threadpoolctl, wbcore",
        "import wbcore, threadpoolctl; wbcore.Network.mlp([2, 1])",
        "import wbcore, threadpoolctl; wbcore.threads.register_with_threadpoolctl()",
    ],
)
def test_either_may_be_imported_first(program):
    program += """
with threadpoolctl.threadpool_limits(1):
    assert wbcore.get_num_threads() == 1
assert [info["user_api"] for info in threadpoolctl.threadpool_info()].count("wbcore") == 1
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.uninstrumented
def test_not_needed_and_not_imported():
    program = """
import sys, wbcore
wbcore.Network.mlp([2, 1])
assert not {"threadpoolctl", "wbcore._threadpoolctl"} & set(sys.modules)
sys.modules["threadpoolctl"] = sys  # something else of that name
wbcore.Network.mlp([2, 1])
try:
    wbcore.threads.register_with_threadpoolctl()
except ImportError:
    pass
else:
    raise SystemExit("registered with what is not threadpoolctl")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
