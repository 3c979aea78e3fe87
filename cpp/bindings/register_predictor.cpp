// Predictor: a small type of its own, called by vectorcall, since a call is all it is for.
#include "wbcore/predictor.hpp"

#include <Python.h>

#include <structmember.h>  // after Python.h

#include <pybind11/stl.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <variant>

#include "bound_network.hpp"
#include "c_api.hpp"
#include "call_arguments.hpp"
#include "errors.hpp"
#include "named.hpp"
#include "prediction.hpp"
#include "register.hpp"

namespace wbcore::bindings {

namespace {

// The network itself, called as cheaply as a frozen one: what `Network.predict` goes through.
template <class T>
struct LiveNetwork {
    py::object owner;
    const BoundNetwork<T>* network;

    std::size_t inputs() const { return network->network().inputs(); }
    std::size_t outputs() const { return network->network().outputs(); }
    static constexpr bool is_single() { return std::is_same_v<T, float>; }
};

// A frozen one is what C knows as a predictor, so that its address serves there.
using AnyPredictor = std::variant<wbcore_predictor, LiveNetwork<float>, LiveNetwork<double>>;

struct PredictorObject {
    PyObject_HEAD vectorcallfunc call;
    AnyPredictor* predictor;
    std::size_t parameters;
};

PredictorObject& as_predictor(PyObject* object) {
    return *reinterpret_cast<PredictorObject*>(object);
}

py::object call_predictor(const wbcore_predictor& frozen,
                          std::size_t parameters,
                          const CallArguments& arguments) {
    const std::size_t n_threads = std::max<std::size_t>(arguments.n_threads, 1);
    return std::visit(
        [&]<class T>(const Predictor<T>& predictor) {
            return predict_with<T>({predictor.inputs(), predictor.outputs(), parameters},
                                   py::reinterpret_borrow<py::object>(arguments.x),
                                   py::reinterpret_borrow<py::object>(arguments.out),
                                   [&](Matrix<T> y, const ArrayView& x) {
                                       return [&, y, x](const InterruptCheck* interrupted) {
                                           return predictor(y, x, n_threads, interrupted);
                                       };
                                   });
        },
        frozen.typed);
}

template <class T>
py::object call_predictor(const LiveNetwork<T>& live, std::size_t, const CallArguments& arguments) {
    const Network<T>& network = live.network->network();
    return predict_with<T>(
        {network.inputs(), network.outputs(), network.parameters().size()},
        py::reinterpret_borrow<py::object>(arguments.x),
        py::reinterpret_borrow<py::object>(arguments.out), [&](Matrix<T> y, const ArrayView& x) {
            // Writing predictions over the parameters they are computed from would change the network.
            const std::span<const T> all = network.shared_parameters();
            const std::less<const T*> before;
            if (before(y.data, all.data() + all.size()) &&
                before(all.data(), y.data + y.rows * y.cols))
                throw py::value_error(
                    "[predict] expected out apart from the network's parameters, got a view of "
                    "them");
            return [&, y, x](const InterruptCheck* interrupted) {
                return network.predict(y, x, arguments.n_threads, interrupted);
            };
        });
}

PyObject* call(PyObject* self, PyObject* const* args, std::size_t flags, PyObject* names) {
    const PredictorObject& object = as_predictor(self);
    try {
        const CallArguments arguments = parse_call(args, PyVectorcall_NARGS(flags), names);
        return std::visit(
                   [&](const auto& predictor) {
                       return call_predictor(predictor, object.parameters, arguments);
                   },
                   *object.predictor)
            .release()
            .ptr();
    } catch (py::error_already_set& error) {
        set_error("predict", error);
    } catch (const py::builtin_exception& error) {
        error.set_error();
    } catch (const std::bad_alloc& error) {
        set_error("predict", error);
    } catch (const std::system_error& error) {
        set_error("predict", error);
    } catch (const std::exception& error) {
        PyErr_SetString(PyExc_RuntimeError, error.what());
    }
    return nullptr;
}

void destroy(PyObject* self) {
    PyTypeObject* type = Py_TYPE(self);
    delete as_predictor(self).predictor;
    type->tp_free(self);
    Py_DECREF(type);
}

bool is_single(const PredictorObject& object) {
    return std::visit([](const auto& p) { return p.is_single(); }, *object.predictor);
}

template <class F>
PyObject* size_of(PyObject* self, F f) {
    return PyLong_FromSize_t(std::visit(f, *as_predictor(self).predictor));
}

PyObject* inputs(PyObject* self, void*) {
    return size_of(self, [](const auto& p) { return p.inputs(); });
}
PyObject* outputs(PyObject* self, void*) {
    return size_of(self, [](const auto& p) { return p.outputs(); });
}
PyObject* dtype(PyObject* self, void*) {
    const bool single = is_single(as_predictor(self));
    return (single ? py::dtype::of<float>() : py::dtype::of<double>()).release().ptr();
}
PyObject* address(PyObject* self, void*) {
    const auto* frozen = std::get_if<wbcore_predictor>(as_predictor(self).predictor);
    if (frozen != nullptr) return PyLong_FromVoidPtr(const_cast<wbcore_predictor*>(frozen));
    PyErr_SetString(PyExc_AttributeError,
                    "[address] expected a predictor that Network.freeze made, got a live one");
    return nullptr;
}

PyObject* represent(PyObject* self) {
    const PredictorObject& object = as_predictor(self);
    const auto [in, out] = std::visit(
        [](const auto& p) { return std::pair(p.inputs(), p.outputs()); }, *object.predictor);
    return PyUnicode_FromFormat("<Predictor %zu -> %zu, %s, %zu parameters>", in, out,
                                is_single(object) ? "float32" : "float64", object.parameters);
}

// For pickle and copy: wbcore.prediction makes it anew, from its layers and its parameters in one array, which whoever pickles may
// map from a file or hand over out of band.
PyObject* reduce(PyObject* self, PyObject*) {
    const PredictorObject& object = as_predictor(self);
    const auto* frozen = std::get_if<wbcore_predictor>(object.predictor);
    if (frozen == nullptr) {
        PyErr_SetString(PyExc_TypeError,
                        "[pickle] expected a predictor that Network.freeze made, got a live one");
        return nullptr;
    }
    try {
        return named("pickle",
                     [&] {
                         return std::visit(
                             [&]<class T>(const Predictor<T>& predictor) -> py::object {
                                 py::array_t<T> parameters(
                                     static_cast<py::ssize_t>(object.parameters));
                                 predictor.copy_parameters(as_span(parameters));
                                 return py::make_tuple(
                                     py::module_::import("wbcore.prediction").attr("_frozen"),
                                     py::make_tuple(layer_tuples(predictor.layers()), parameters));
                             },
                             frozen->typed);
                     })
            .release()
            .ptr();
    } catch (py::error_already_set& error) {
        error.restore();
    }
    return nullptr;
}

PyTypeObject* predictor_type = nullptr;

PyTypeObject* make_type() {
    static PyGetSetDef properties[] = {
        {"inputs", inputs, nullptr, "Columns that x has.", nullptr},
        {"outputs", outputs, nullptr, "Columns that a prediction has.", nullptr},
        {"dtype", dtype, nullptr, "Of the parameters and of a prediction.", nullptr},
        {"address", address, nullptr,
         "The `wbcore_predictor*` of the C interface, as an integer; valid while this object "
         "lives.",
         nullptr},
        {nullptr, nullptr, nullptr, nullptr, nullptr}};
    static PyMethodDef methods[] = {{"__reduce__", reduce, METH_NOARGS, "For pickle and copy."},
                                    {nullptr, nullptr, 0, nullptr}};
    static PyMemberDef members[] = {
        {"__vectorcalloffset__", T_PYSSIZET,
         static_cast<Py_ssize_t>(offsetof(PredictorObject, call)), READONLY, nullptr},
        {nullptr, 0, 0, 0, nullptr}};
    static char doc[] =
        "A frozen network, made by `Network.freeze`: p(x), p(x, out=y), p(x, n_threads=2).\n\n"
        "x is (B, I), as for `Network.predict`, and so are the bits of the result, (B, O).\n"
        "Immutable, and safe to call from any number of threads at once.\n\n"
        "Examples\n"
        "--------\n"
        ">>> import wbcore as wb\n"
        ">>> p = wb.Network.mlp([4, 16, 3], seed=0).freeze()\n"
        ">>> p\n"
        "<Predictor 4 -> 3, float32, 131 parameters>\n"
        ">>> p([[1, 2, 3, 4]]).shape\n"
        "(1, 3)\n";
    static PyType_Slot slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(destroy)},
                                  {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                                  {Py_tp_repr, reinterpret_cast<void*>(represent)},
                                  {Py_tp_getset, properties},
                                  {Py_tp_members, members},
                                  {Py_tp_methods, methods},
                                  {Py_tp_doc, doc},
                                  {0, nullptr}};
    static PyType_Spec spec = {
        "wbcore.Predictor", sizeof(PredictorObject), 0,
        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
    return reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
}

py::object make_predictor(AnyPredictor predictor, std::size_t parameters) {
    auto held = std::make_unique<AnyPredictor>(std::move(predictor));
    PyObject* object = predictor_type->tp_alloc(predictor_type, 0);
    if (object == nullptr) throw py::error_already_set();
    PredictorObject& made = as_predictor(object);
    made.call = call;
    made.predictor = held.release();
    made.parameters = parameters;
    return py::reinterpret_steal<py::object>(object);
}

template <class T>
py::object live_predictor(const py::object& self) {
    const auto& bound = self.cast<const BoundNetwork<T>&>();
    return make_predictor(LiveNetwork<T>{self, &bound}, bound.network().parameters().size());
}

template <class T>
void register_makers(py::module_& m) {
    m.def(
        "freeze",
        [](const BoundNetwork<T>& network) {
            return named("freeze", [&] {
                const std::size_t parameters = network.network().parameters().size();
                // Safe: whoever writes the parameters waits while they are copied, and `network` is held by the call.
                wbcore_predictor made = without_gil(parameters, [&](const InterruptCheck&) {
                    return wbcore_predictor{Predictor<T>(network.network())};
                });
                return make_predictor(std::move(made), parameters);
            });
        },
        py::arg("network"));
}

// What `reduce` has taken apart.
template <class T>
py::object frozen(const std::vector<LayerTuple>& layers,
                  const py::array_t<T, py::array::c_style>& parameters) {
    return named("unpickle", [&] {
        return with_choices("unpickle", [&] {
            const auto n = static_cast<std::size_t>(parameters.size());
            return make_predictor(
                wbcore_predictor{Predictor<T>(dense_layers(layers), {parameters.data(), n})}, n);
        });
    });
}

}  // namespace

void register_predictor(py::module_& m) {
    predictor_type = make_type();
    if (predictor_type == nullptr) throw py::error_already_set();
    m.attr("Predictor") =
        py::reinterpret_borrow<py::object>(reinterpret_cast<PyObject*>(predictor_type));
    m.def(
        "live_predictor",
        [](const py::object& network) {
            return py::isinstance<BoundNetwork<float>>(network) ? live_predictor<float>(network)
                                                                : live_predictor<double>(network);
        },
        py::arg("network"));
    m.def(
        "frozen",
        [](const std::vector<LayerTuple>& layers, const py::array& parameters) {
            return py::isinstance<py::array_t<float>>(parameters)
                       ? frozen<float>(layers, parameters)
                       : frozen<double>(layers, parameters);
        },
        py::arg("layers"), py::arg("parameters"));
    register_makers<float>(m);
    register_makers<double>(m);
}

}  // namespace wbcore::bindings
