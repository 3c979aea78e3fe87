"""Which tests must be alone, take long, or do not enter the core; each with its reason.

A key is a file or file::function; `conftest.py` gives the tests that it names the marker. They are
listed here rather than marked where they stand, so that what a shorter run leaves out is one page.
"""

# Nothing runs beside these: they measure time, memory or processor use, or fill the machine.
ALONE = {
    "test_bias_and_trainable.py::test_frozen_layers_cost_less": "compares two times",
    "test_benchmarks.py": "times of wbcore and others, whose agreement is checked as they run",
    "test_data_memory.py": "the most memory of a process",
    "test_examples.py": "each lesson must be over in a minute",
    "test_exit.py": "the end of a process while its threads compute",
    "test_interrupt.py": "seconds from Ctrl-C to its exception",
    "test_network.py::test_time_is_linear_in_layers": "compares two times",
    "test_progress.py::test_within_an_epoch": "updates of a line in a second",
    "test_callbacks.py::test_seconds_between_batches": "calls in a second",
    "test_resume.py::test_by_the_clock": "checkpoints in a second",
    "test_resume.py::test_ctrl_c": "signals by the clock",
    "test_resume.py::test_between_two_writes_a_fit_is_as_fast": "compares two times",
    "test_search_folder.py::test_kills_at_any_moment_lose_no_finished_fit": "kills by the clock",
    "test_search_workers.py": "as many processes and threads as processors",
    "test_sklearn_use_threads.py": "counts threads that run, and what each has to wait for",
    "test_stress.py": "kills and time limits, as many processes as processors",
    "test_threads.py::test_idle_threads_use_no_processor_time": "processor time of a thread",
    "test_threads.py::test_other_threads_go_on_during_a_long_call": "its longest wait",
    "test_threads.py::test_workers_of_joblib": "processes, each with threads",
    "test_turns.py::test_interrupts_at_any_moment_leave_the_network_free": "signals by the clock",
    "test_turns.py::test_a_child_that_a_signal_handler_forks_within_a_call_does_not_wait": "too",
}

# Not before each commit: each takes more than some seconds. `.ci/run` runs them.
LONG = {}

# Not under sanitizers on every run: nothing of theirs runs in the core, or what does is met by
# other tests of the same calls. `.ci/run night` runs them there too.
PURE = {
    "test_cli.py": "options and files; its fits are those of test_network.py",
    "test_cli_errors.py": "messages of the command line",
    "test_cli_interrupts.py": "what the command line does about a signal; the core's is elsewhere",
    "test_cli_options.py": "its fits are those of test_training.py, by the options' names",
    "test_cli_outputs.py": "tables and pictures",
    "test_cli_progress.py": "what is written on a terminal",
    "test_cli_refused_options.py": "options of the command line that are none",
    "test_cli_refused_outputs.py": "files that cannot be written",
    "test_cli_resume.py": "the command line's part of it; the core's is elsewhere",
    "test_cli_scaling.py": "columns and their scaling, in Python",
    "test_cli_untrusted.py": "names in files that a terminal must not obey",
    "test_coefficients.py": "a program of docs/",
    "test_conformance.py::test_each_mutant_is_noticed_by_a_vector": "the reference against itself",
    "test_conformance.py::test_the_reference_writes_what_is_committed": "the reference",
    "test_distribution.py": "names and texts",
    "test_imports.py": "who imports whom",
    "test_io_container.py": "bytes to arrays, in Python",
    "test_io_csv.py": "text to arrays, in Python",
    "test_io_idx.py": "bytes to arrays, in Python",
    "test_io_table.py": "tables to arrays, in Python",
    "test_readme.py": "its calls are those of other tests",
    "test_recipe.py": "numbers, in Python",
    "test_reference.py": "Python alone",
    "test_reference_functions.py": "Python alone",
    "test_reference_network.py": "Python alone",
    "test_reference_rounding.py": "Python alone",
    "test_search.py": "its fits are those of test_training.py",
    "test_search_folder.py": "files and processes; its fits are the same",
    "test_search_space.py": "Python alone",
    "test_search_workers.py": "the same on threads and processes of others",
    "test_tables.py": "columns to arrays, in Python",
    "test_sklearn_use_callbacks.py": "scikit-learn's tools around fits of test_training.py",
    "test_sklearn_use_ensembles.py": "likewise",
    "test_sklearn_use_inspection.py": "likewise",
    "test_sklearn_use_pipelines.py": "likewise",
    "test_sklearn_use_routing.py": "likewise",
    "test_sklearn_use_search.py": "likewise, in other processes",
    "test_sklearn_use_storage.py": "likewise",
    "test_sklearn_use_tables.py": "likewise",
    "test_sklearn_use_threads.py": "threads of other processes, which it counts",
}
