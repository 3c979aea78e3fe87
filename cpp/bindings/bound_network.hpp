// A network as a Python object holds it.
#pragma once

#include <functional>

#include <shared_mutex>

#include "arrays.hpp"
#include "interrupts.hpp"
#include "prediction.hpp"
#include "training_record.hpp"
#include "turn.hpp"
#include "wbcore/network.hpp"

namespace wbcore::bindings {

inline std::vector<DenseShape> shapes_of(const std::vector<std::size_t>& widths,
                                         const std::vector<std::string>& activations) {
    if (widths.size() != activations.size() + 1)
        throw py::value_error("[Network] expected one more width than activations, got " +
                              std::to_string(widths.size()) + " and " +
                              std::to_string(activations.size()));
    std::vector<DenseShape> shapes;
    for (std::size_t l = 0; l < activations.size(); ++l)
        shapes.push_back({widths[l], widths[l + 1], activation_named("Network", activations[l])});
    return shapes;
}

// Parameters and arithmetic of a network, as a Python object holds them.
template <class T>
class BoundNetwork {
public:
    BoundNetwork(const std::vector<std::size_t>& widths,
                 const std::vector<std::string>& activations)
        : network_(shapes_of(widths, activations)) {}

    std::vector<std::size_t> widths() const {
        std::vector<std::size_t> widths{network_.inputs()};
        for (const DenseShape& shape : network_.shapes()) widths.push_back(shape.outputs);
        return widths;
    }

    std::vector<std::string> activations() const {
        std::vector<std::string> names;
        for (const DenseShape& shape : network_.shapes())
            names.emplace_back(name(shape.activation));
        return names;
    }

    // Live views; `self` is their base, so they keep the network alive.
    static py::array parameters(const py::object& self) {
        const std::span<T> all = self.cast<BoundNetwork&>().network_.parameters();
        return py::array_t<T>({all.size()}, {sizeof(T)}, all.data(), self);
    }
    static py::array weights(const py::object& self, std::size_t layer) {
        const Matrix<T> w = self.cast<BoundNetwork&>().layer(layer).weights;
        return py::array_t<T>({w.rows, w.cols}, {w.stride * sizeof(T), sizeof(T)}, w.data, self);
    }
    static py::array biases(const py::object& self, std::size_t layer) {
        const DenseView<T> view = self.cast<BoundNetwork&>().layer(layer);
        return py::array_t<T>({view.weights.cols}, {sizeof(T)}, view.biases, self);
    }

    py::object predict(const py::object& X, const py::object& out, std::size_t n_threads) const {
        const std::span<const T> own = network_.parameters();
        return predict_with<T>(
            {network_.inputs(), network_.outputs(), own.size()}, X, out,
            [&](Matrix<T> y, const ArrayView& x) {
                // Writing predictions over the parameters they are computed from would change the network.
                const std::less<const T*> before;
                if (before(y.data, own.data() + own.size()) &&
                    before(own.data(), y.data + y.rows * y.cols))
                    throw py::value_error(
                        "[predict] expected out apart from the network's parameters, got a view of "
                        "them");
                return [&, y, x](const InterruptCheck* interrupted) {
                    return network_.predict(y, x, n_threads, interrupted);
                };
            });
    }

    py::array forward(const py::object& X) {
        const Turn turn(use_, "forward");
        const auto [holder, x] = as_features("forward", "X", X, network_.inputs());
        py::array_t<T> y = new_array<T>(x.rows, network_.outputs());
        const Matrix<T> to = as_matrix(y);
        const ArrayView from = x;
        try {
            // Safe: the turn keeps others from the tape and the parameters, X is held here, and the outputs are new.
            without_gil(work(x.rows), [&](const InterruptCheck& interrupted) {
                tape_.forward(to, network_, from, interrupted);
            });
        } catch (const InputError&) {
            refuse_non_finite<T>("forward", "X", x);
        }
        return py::array(y);
    }

    py::tuple backward(const py::object& dY) {
        const Turn turn(use_, "backward");
        if (!tape_.recorded())
            throw std::runtime_error(
                "[backward] expected forward(X) to be called first, got no recorded batch");
        const py::array holder = as_array("backward", "dY", dY);
        if (holder.ndim() != 2 || static_cast<std::size_t>(holder.shape(0)) != tape_.rows() ||
            static_cast<std::size_t>(holder.shape(1)) != network_.outputs())
            throw py::value_error("[backward] expected dY of shape (" +
                                  std::to_string(tape_.rows()) + ", " +
                                  std::to_string(network_.outputs()) +
                                  "), as the last forward gave, got " + shape_text(holder));
        const ArrayView dy = view(holder);
        require_finite<T>("backward", "dY", dy);
        py::array_t<T> gradients(static_cast<py::ssize_t>(network_.parameters().size()));
        py::array_t<T> dx = new_array<T>(tape_.rows(), network_.inputs());
        const std::span<T> to = as_span(gradients);
        const Matrix<T> to_inputs = as_matrix(dx);
        // Safe: the turn keeps others from the tape, dY is held here, and the gradients are new.
        without_gil(work(dy.rows), [&](const InterruptCheck& interrupted) {
            tape_.backward(to, to_inputs, dy, interrupted);
        });
        return py::make_tuple(gradients, dx);
    }

    py::tuple gradients(const py::object& X,
                        const py::object& y,
                        const std::string& loss,
                        double delta) const {
        const char* operation = "loss_and_gradients";
        const Objective<T> objective{loss_named(operation, loss), static_cast<T>(delta)};
        const HeldDataset data = dataset(operation, X, y, objective.loss);
        py::array_t<T> flat(static_cast<py::ssize_t>(network_.parameters().size()));
        const std::span<T> to = as_span(flat);
        // Safe: the parameters are copied, the data are held here, the gradient is new.
        const double value = computed(operation, data, [&](const InterruptCheck& interrupted) {
            return loss_and_gradients(to, network_, data.view, objective, interrupted);
        });
        return py::make_tuple(value, flat);
    }

    py::dict evaluate_on(const py::object& X,
                         const py::object& y,
                         const std::string& loss,
                         double delta,
                         const std::vector<std::string>& metrics,
                         std::size_t n_threads) const {
        const Objective<T> objective{loss_named("evaluate", loss), static_cast<T>(delta)};
        const HeldDataset data = dataset("evaluate", X, y, objective.loss);
        const std::vector<Metric> wanted = metrics_named("evaluate", metrics, objective.loss);
        // Safe: the parameters are copied, and the data are held here.
        const Evaluation result =
            computed("evaluate", data, [&](const InterruptCheck& interrupted) {
                return evaluate(network_, data.view, objective, wanted, n_threads, interrupted);
            });
        py::dict values;
        values["loss"] = result.loss;
        for (std::size_t i = 0; i < metrics.size(); ++i)
            values[py::str(metrics[i])] = result.metrics[i];
        return values;
    }

    void step(const py::array& gradients,
              const py::object& velocity,
              double learning_rate,
              double momentum,
              bool nesterov,
              double weight_decay,
              bool decay_biases) {
        const Turn turn(use_, "step");
        const T* g =
            plain_data<T>("step", "gradients", gradients, {network_.parameters().size()}, false);
        const Sgd<T> sgd{static_cast<T>(learning_rate), static_cast<T>(momentum),
                         static_cast<T>(weight_decay), nesterov, decay_biases};
        const std::span<const T> from{g, network_.parameters().size()};
        const std::span<T> velocities = velocity_span("step", velocity, sgd);
        // Safe: the turn keeps other writers away, whoever copies the parameters waits, and the arrays are held by the call.
        without_gil(from.size(),
                    [&](const InterruptCheck&) { sgd_step<T>(network_, from, velocities, sgd); });
    }

    py::tuple fit(const py::object& X, const py::object& y, const py::kwargs& options) {
        const char* operation = "fit";
        const Turn turn(use_, operation);
        TrainingOptions<T> o;
        o.objective = {loss_named(operation, options["loss"].cast<std::string>()),
                       static_cast<T>(options["delta"].cast<double>())};
        o.sgd = {static_cast<T>(options["learning_rate"].cast<double>()),
                 static_cast<T>(options["momentum"].cast<double>()),
                 static_cast<T>(options["weight_decay"].cast<double>()),
                 options["nesterov"].cast<bool>(), options["decay_biases"].cast<bool>()};
        o.epochs = options["epochs"].cast<std::size_t>();
        o.batch_size = options["batch_size"].cast<std::size_t>();
        o.shuffle = options["shuffle"].cast<bool>();
        o.seed = options["seed"].cast<std::uint64_t>();
        o.n_threads = options["n_threads"].cast<std::size_t>();
        const auto metric_names = options["metrics"].cast<std::vector<std::string>>();
        o.metrics = metrics_named(operation, metric_names, o.objective.loss);

        const HeldDataset data = dataset(operation, X, y, o.objective.loss);
        const bool validates = !options["X_val"].is_none();
        const char* validating = "fit, validation_data";
        HeldDataset validation;
        if (validates) {
            validation = dataset(validating, options["X_val"], options["y_val"], o.objective.loss);
            require_finite<T>(validating, "X", validation.view.x);
        }
        auto check_targets = [&] {
            require_targets<T>(operation, data.y, data.view, data.loss, network_.outputs());
            if (validates)
                require_targets<T>(validating, validation.y, validation.view, validation.loss,
                                   network_.outputs());
        };
        TrainingRecord<T> record(network_, options["record"], metric_names,
                                 options["track"].cast<bool>(), options["on_epoch"], check_targets);
        const std::span<T> velocity = velocity_span(operation, options["velocity"], o.sgd);
        TrainingEnd end;
        try {
            // Safe: the data are held here, the turn keeps a second fit of this network away, and the callbacks take the GIL.
            const GilReleased released;
            end = train(network_, velocity, data.view, validates ? &validation.view : nullptr, o,
                        record.on_epoch(), InterruptPoll());
        } catch (const InputError& error) {
            record.flush();
            refuse(validating, validation, error.array);
        } catch (const Interrupted&) {
            record.flush();
            throw_found();
        } catch (const Forked&) {
            throw_found();
        }
        const bool refused = end.status == TrainingStatus::refused;
        if (!refused || end.epoch > 0) record.flush();
        if (refused) refuse(operation, data, end.refused);
        if (end.status == TrainingStatus::interrupted) throw_found();
        const char* status = end.status == TrainingStatus::completed ? "completed"
                             : end.status == TrainingStatus::stopped ? "stopped"
                                                                     : "diverged";
        return py::make_tuple(status, end.epoch, end.batch);
    }

    py::list layer_statistics() const {
        LayerStatistics all;
        // Safe: whoever writes the parameters waits.
        without_gil(network_.parameters().size(), [&](const InterruptCheck&) {
            const std::shared_lock reading(network_.lock());
            all = measure<T>(network_.shapes(), network_.parameters().data());
        });
        return as_list(all);
    }

    // A copy of the parameters, of one moment between the steps of whoever trains.
    py::array_t<T> snapshot() const {
        const std::span<const T> from = network_.parameters();
        py::array_t<T> copy(static_cast<py::ssize_t>(from.size()));
        T* const to = copy.mutable_data();
        // Safe: whoever writes the parameters waits, and the copy is new.
        without_gil(from.size(), [&](const InterruptCheck&) {
            const std::shared_lock copying(network_.lock());
            std::copy(from.begin(), from.end(), to);
        });
        return copy;
    }

    std::vector<double> times(const py::object& X,
                              const py::object& y,
                              const std::string& loss,
                              double delta,
                              std::size_t batch_size,
                              std::size_t repeats) const {
        const char* operation = "time_per_update";
        const Objective<T> objective{loss_named(operation, loss), static_cast<T>(delta)};
        const HeldDataset data = dataset(operation, X, y, objective.loss);
        require_finite<T>(operation, "X", data.view.x);
        if (batch_size == 0 || repeats == 0)
            throw py::value_error(
                "[time_per_update] expected batch_size and repeats of at least 1, got " +
                std::to_string(batch_size) + " and " + std::to_string(repeats));
        // Safe: it works on a copy of the network, and the data are held here.
        return computed(operation, data, [&](const InterruptCheck& interrupted) {
            return time_per_update(network_, data.view, objective, batch_size, repeats,
                                   interrupted);
        });
    }

    const Network<T>& network() const { return network_; }

private:
    DenseView<T> layer(std::size_t index) {
        if (index >= network_.shapes().size())
            throw py::index_error("[Network] expected a layer below " +
                                  std::to_string(network_.shapes().size()) + ", got " +
                                  std::to_string(index));
        return network_.layer(index);
    }

    static std::span<T> as_span(py::array_t<T>& array) {
        return {array.mutable_data(), static_cast<std::size_t>(array.size())};
    }

    // The arrays of X and y, kept alive and in their place, and as the core reads them.
    struct HeldDataset {
        py::array x, y;
        Dataset view;
        Loss loss = Loss::mse;
        std::vector<py::weakref> guards;
    };

    // NumPy moves no array that somebody holds weakly, not even by resize(refcheck=False) in a callback.
    static void guard(std::vector<py::weakref>& guards, const py::array& array) {
        for (py::object owner = array; py::isinstance<py::array>(owner); owner = owner.attr("base"))
            guards.emplace_back(owner);
    }

    // Without a look at the values of X.
    HeldDataset dataset(std::string_view operation,
                        const py::object& X,
                        const py::object& y,
                        Loss loss) const {
        require_match(operation, loss, network_.shapes().back().activation);
        Features features = as_features(operation, "X", X, network_.inputs());
        HeldDataset held{std::move(features.holder), {}, {}, loss, {}};
        held.view = with_targets<T>(operation, held.y, y, features.view, loss, network_.outputs());
        guard(held.guards, held.x);
        guard(held.guards, held.y);
        return held;
    }

    // Says which of the numbers that the core refused is wrong; by now another thread may have changed it.
    [[noreturn]] void refuse(std::string_view operation,
                             const HeldDataset& data,
                             InputArray where) const {
        if (where == InputArray::x) refuse_non_finite<T>(operation, "X", data.view.x);
        refuse_targets<T>(operation, data.y, data.view, data.loss, network_.outputs());
    }

    // f(check), without the GIL when it takes long; numbers that it refuses and Ctrl-C become Python's errors.
    template <class F>
    auto computed(std::string_view operation, const HeldDataset& data, F f) const {
        try {
            return without_gil(work(data.view.x.rows), f);
        } catch (const InputError& error) {
            refuse(operation, data, error.array);
        }
    }

    // Multiplications of these rows' way forward.
    std::size_t work(std::size_t rows) const { return work_of(rows, network_.parameters().size()); }

    std::span<T> velocity_span(std::string_view operation,
                               const py::object& velocity,
                               const Sgd<T>& sgd) {
        if (sgd.momentum == 0) return {};
        const std::size_t n = network_.parameters().size();
        if (!py::isinstance<py::array>(velocity))
            throw py::type_error("[" + std::string(operation) +
                                 "] expected a velocity array for momentum, got none");
        return {plain_data<T>(operation, "velocity", py::reinterpret_borrow<py::array>(velocity),
                              {n}, true),
                n};
    }

    Network<T> network_;
    Tape<T> tape_;
    UseOfNetwork use_;
};

}  // namespace wbcore::bindings
