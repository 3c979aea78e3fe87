"""Networks into whose first layer the scaling of the inputs is folded are judged as they were."""

import numpy as np
import pytest

import wbcore as wb
from wbcore.inspect import check, diagnose

SCALES = [[1e4, 1, 1, 1], [1e6, 1, 1e-6, 1], [1e-5] * 4, [1e8] * 4]


def trained(scale, offset=0.0, epochs=20, **options):
    """The network, its rows, the same with the scaling folded in, the raw rows, and targets."""
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(1000, 4))
    X, y = (Z + offset) * scale, (Z.sum(axis=1) > 0).astype(int)
    scaled = wb.Standardized(X)
    net = wb.Network.mlp(**{"widths": [4, 16, 2], "activation": "relu", "seed": 0, **options})
    net.fit(scaled, y, loss="cross_entropy", optimizer="adam(0.01)", epochs=epochs)
    return net, np.asarray(scaled), net.fold_inputs(scaled.mean, scaled.scale), X, y


@pytest.mark.parametrize("scale", SCALES, ids=str)
@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_a_sound_one_is_sound(scale, offset):
    net, Z, folded, X, y = trained(scale, offset)
    for rows, of in ((Z, net), (X, folded)):
        assert not diagnose(of, None, rows, y, loss="cross_entropy").codes
    assert "WB-SIGNAL" not in check(folded, X, y, loss="cross_entropy")


@pytest.mark.parametrize("scale", SCALES, ids=str)
def test_a_signal_that_vanishes_in_it_is_found(scale):
    sick = {"widths": [4] + [16] * 8 + [2], "activation": "sigmoid", "epochs": 1}
    net, Z, folded, X, y = trained(scale, **sick)
    for call in (check, lambda net, *given, **said: diagnose(net, None, *given, **said)):
        (finding,) = call(net, Z, y, loss="cross_entropy").with_code("WB-SIGNAL")
        (same,) = call(folded, X, y, loss="cross_entropy").with_code("WB-SIGNAL")
        assert same.layer == finding.layer > 0
        for name in ("spread", "ratio", "gain"):
            assert same.numbers[name] == pytest.approx(finding.numbers[name], rel=0.05)
        assert "which the first layer takes as 1" in same.evidence


def test_a_signal_that_explodes_behind_a_sound_first_layer_is_found():
    _, _, folded, X, y = trained(SCALES[0], widths=[4, 16, 16, 16, 2], epochs=1)
    folded[1].weights[...] *= 1e4
    (finding,) = diagnose(folded, None, X, y, loss="cross_entropy").with_code("WB-SIGNAL")
    assert finding.layer == 1
    assert finding.numbers["ratio"] > 1000


def test_what_large_inputs_do_to_a_layer_that_does_not_know_them_is_their_scale():
    _, _, _, X, y = trained(SCALES[0], epochs=1)
    found = check(wb.Network.mlp([4, 16, 2], "tanh", seed=0), X, y)
    assert "WB-SCALE" in found
    assert "WB-SIGNAL" not in found
