#include "register.hpp"
#include "wbcore/version.hpp"

namespace {

// NumPy and pybind11's types belong to one interpreter. Before Python 3.12 pybind11 waits for ever when it is loaded in
// another one, so this is looked at first; some of the later Pythons call the entry in the main interpreter and only the
// module's body in the other.
bool in_main_interpreter() { return PyInterpreterState_Get() == PyInterpreterState_Main(); }

constexpr const char* refusal = "[wbcore] expected the main interpreter, got a subinterpreter";

}  // namespace

// The entry that pybind11 makes; Python's, PyInit__core, is below.
PYBIND11_MODULE(_core_checked, m) {
    using namespace wbcore::bindings;
    if (!in_main_interpreter()) throw pybind11::import_error(refusal);
    m.doc() =
        "The extension module of wbcore: private. It checks, views, releases the GIL and calls the "
        "C++ core.";
    m.attr("__version__") = WBCORE_VERSION;
    m.attr("CONTRACT") = WBCORE_CONTRACT;
    register_isa(m);
    register_sparse(m);
    register_threads(m);
    register_tracking(m);
    register_random(m);
    register_named(m);
    register_initializers(m);
    register_activations(m);
    register_network(m);
    register_gradients(m);
    register_data(m);
    register_evaluation(m);
    register_schedules(m);
    register_optimizers(m);
    register_training_options(m);
    register_training(m);
    register_partial_fit(m);
    register_predictor(m);
    register_layer_outputs(m);
}

// NOLINTNEXTLINE(bugprone-reserved-identifier): Python gives the name
extern "C" PYBIND11_EXPORT PyObject* PyInit__core() {
    if (in_main_interpreter()) return PyInit__core_checked();
    PyErr_SetString(PyExc_ImportError, refusal);
    return nullptr;
}
