// When a training ends because its loss does not get better any more.
#pragma once

namespace wbcore::bindings {

// The value is minus the loss, `scale` times the mean of the rows' losses, plus a constant, plus `slope` times the penalty. An
// epoch that is not better than the best one by `tol` is waited for; it ends when more than so many have been, one after the
// other. The rule of scikit-learn's MLP, whose numbers go into it and come out of it.
struct Patience {
    double scale, constant, slope, tol, epochs;
    double best, waited;

    // After an epoch.
    bool ends(double loss, double penalty) {
        const double value = -(scale * loss + constant + slope * penalty);
        waited = value < best + tol ? waited + 1 : 0;
        if (value > best) best = value;
        return waited > epochs;
    }
};

}  // namespace wbcore::bindings
