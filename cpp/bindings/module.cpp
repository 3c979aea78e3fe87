#include "register.hpp"
#include "wbcore/version.hpp"

PYBIND11_MODULE(_core, m) {
    using namespace wbcore::bindings;
    m.doc() =
        "The extension module of wbcore: private. It checks, views, releases the GIL and calls the "
        "C++ core.";
    m.attr("__version__") = WBCORE_VERSION;
    m.attr("CONTRACT") = WBCORE_CONTRACT;
    register_isa(m);
    register_threads(m);
    register_random(m);
    register_functions(m);
    register_losses(m);
    register_network(m);
    register_predictor(m);
}
